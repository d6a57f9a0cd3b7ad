package endtoend

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// dashboard is what a test looks at of Grafana's file.
type dashboard struct {
	SchemaVersion int    `json:"schemaVersion"`
	UID           string `json:"uid"`
	Panels        []panel
	Annotations   struct{ List []query }
	Templating    struct {
		List []struct {
			Name, Type, Definition string
		}
	}
}

type panel struct {
	ID                       int
	Type, Title, Description string
	GridPos                  struct{ X, Y, W, H int }
	FieldConfig              struct{ Defaults struct{ Unit string } }
	Targets                  []query
}

type query struct {
	Expr       string
	RefID      string `json:"refId"`
	Legend     string `json:"legendFormat"`
	Datasource struct{ Type, UID string }
}

// exposed are the metrics of a server, by the names that queries use, with the
// values that their labels have.
type exposed map[string]map[string][]string

// expose asks a server that has done a product and a softmax.
func expose(t *testing.T, path string) exposed {
	p := serve(t)
	c := p.dial(rpc.Config{Tenant: "t"})
	require.NoError(t, product(t.Context(), c, tensor.Matrix(weights(), side, side), 1, job.Options{}))
	require.NoError(t, c.Do(t.Context(), &job.Softmax{X: tensor.Matrix(make([]float32, 8), 2, 4)}))
	status, text := p.get(path)
	require.Equal(t, 200, status)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err)
	all := exposed{}
	for name, f := range families {
		labels := map[string][]string{"job": nil, "instance": nil} // Prometheus adds them
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = append(labels[l.GetName()], l.GetValue())
			}
		}
		if f.GetType() == dto.MetricType_HISTOGRAM {
			all[name+"_sum"], all[name+"_count"] = labels, labels
			all[name+"_bucket"] = maps.Clone(labels)
			all[name+"_bucket"]["le"] = nil
			continue
		}
		all[name] = labels
	}
	return all
}

// check finds every metric and every label of a query among those exposed.
func (e exposed) check(t *testing.T, expr, legend string) {
	plain := strings.NewReplacer("$__rate_interval", "1m", "$job", ".*", "$instance", ".*").Replace(expr)
	parsed, err := metricsql.Parse(plain)
	require.NoError(t, err, expr)
	var labels map[string][]string // of the metric
	metricsql.VisitAll(parsed, func(x metricsql.Expr) {
		switch x := x.(type) {
		case *metricsql.MetricExpr:
			for _, filters := range x.LabelFilterss {
				name := filters[0].Value
				require.Equal(t, "__name__", filters[0].Label, expr)
				require.Contains(t, e, name, expr)
				labels = e[name]
				for _, f := range filters[1:] {
					require.Contains(t, labels, f.Label, expr)
					if !f.IsRegexp {
						require.Contains(t, labels[f.Label], f.Value, expr)
					}
				}
			}
		case *metricsql.AggrFuncExpr:
			for _, by := range x.Modifier.Args {
				require.Contains(t, labels, by, expr)
			}
		}
	})
	for _, m := range regexp.MustCompile(`\{\{(.*?)\}\}`).FindAllStringSubmatch(legend, -1) {
		require.Regexp(t, `by \([^)]*\b`+m[1]+`\b`, expr, "the legend %q", legend)
	}
}

// TestDashboard: what deploy/prometheus.yml scrapes has every metric and label
// that the dashboard of Grafana asks for.
func TestDashboard(t *testing.T) {
	metrics := expose(t, scrapePath(t))
	text, err := os.ReadFile("../../../deploy/grafana/metallic-sched.json")
	require.NoError(t, err)
	var d dashboard
	require.NoError(t, json.Unmarshal(text, &d))
	require.GreaterOrEqual(t, d.SchemaVersion, 38, "Grafana 10")
	require.NotEmpty(t, d.UID)
	ids := map[int]bool{}
	queries := d.Annotations.List
	for _, p := range d.Panels {
		require.False(t, ids[p.ID], "panel %d is there twice", p.ID)
		ids[p.ID] = true
		require.NotEmpty(t, p.Title)
		require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		if p.Type == "row" {
			continue
		}
		require.Contains(t, []string{"stat", "timeseries", "heatmap"}, p.Type)
		require.NotEmpty(t, p.Description, p.Title)
		require.NotEmpty(t, p.Targets, p.Title)
		require.True(t, p.FieldConfig.Defaults.Unit != "" || p.Type == "heatmap", p.Title)
		queries = append(queries, p.Targets...)
	}
	require.Greater(t, len(queries), 30)
	for _, q := range queries {
		if q.Datasource.Type == "prometheus" {
			require.Equal(t, "${datasource}", q.Datasource.UID)
			metrics.check(t, q.Expr, q.Legend)
		}
	}
	overlap(t, d.Panels)
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			m := regexp.MustCompile(`^label_values\((.*), (job|instance)\)$`).FindStringSubmatch(v.Definition)
			require.NotNil(t, m, v.Definition)
			metrics.check(t, m[1], "")
		}
	}
}

// overlap finds panels that lie on each other.
func overlap(t *testing.T, panels []panel) {
	for i, p := range panels {
		for _, q := range panels[:i] {
			a, b := p.GridPos, q.GridPos
			apart := a.X+a.W <= b.X || b.X+b.W <= a.X || a.Y+a.H <= b.Y || b.Y+b.H <= a.Y
			require.True(t, apart, "%s and %s", p.Title, q.Title)
		}
	}
}

// scrapePath returns where deploy/prometheus.yml finds the metrics of a server
// that was told nothing.
func scrapePath(t *testing.T) string {
	text, err := os.ReadFile("../../../deploy/prometheus.yml")
	require.NoError(t, err)
	var scrape struct {
		Configs []struct {
			Path    string                       `yaml:"metrics_path"`
			Targets []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	require.NoError(t, yaml.Unmarshal(text, &scrape))
	require.Len(t, scrape.Configs, 1)
	require.Equal(t, []string{"localhost:7433"}, scrape.Configs[0].Targets[0].Targets, "the default of serve -listen")
	return scrape.Configs[0].Path
}
