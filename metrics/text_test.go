package metrics

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"
)

// everything returns counters with families of every kind.
func everything() *Counters {
	c := NewCounters()
	c.Series("matmul", "smalln", "N16", "slot_free").Batch(64, 128, time.Millisecond, 10*time.Millisecond)
	c.Series("matmul", "simd", "-", "full").Batch(3, 3, 3*time.Hour, time.Nanosecond)
	c.Func(`jobs_total{outcome="done"}`, "Jobs.", func() float64 { return 3 })
	c.Func(`jobs_total{outcome="failed"}`, "Jobs.", func() float64 { return 1e9 })
	c.Func("jobs_in_flight", "Jobs.", func() float64 { return 0.5 })
	c.Counter(`refused_total{why="x"}`, "Refused.").Inc()
	c.List("tenant_jobs_total", "By tenant.", "tenant", func() []Value {
		return []Value{{"", 1}, {"a \"b\"\\\n", 2}, {"\xff bad", 3}, {"Zoë", 4}}
	})
	c.Process()
	c.Build("v1")
	return c
}

// parse reads the text as Prometheus does.
func parse(t *testing.T, text string) map[string]*dto.MetricFamily {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(t, err, text)
	return families
}

func TestPrometheusAcceptsTheText(t *testing.T) {
	got := text(everything())
	problems, err := promlint.New(strings.NewReader(got)).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)

	families := parse(t, got)
	for name, f := range families {
		require.NotEmpty(t, f.GetHelp(), name)
		require.Equal(t, strings.HasSuffix(name, "_total"), f.GetType() == dto.MetricType_COUNTER, name)
		require.Equal(t, 1, strings.Count(got, "# TYPE "+name+" "), "a family is in one place: %s", name)
	}
	require.Len(t, families["metallic_sched_tenant_jobs_total"].GetMetric(), 4)
	require.Equal(t, "a \"b\"\\\n", families["metallic_sched_tenant_jobs_total"].GetMetric()[1].GetLabel()[0].GetValue())
	require.NotZero(t, families["process_cpu_seconds_total"].GetMetric()[0].GetCounter().GetValue())
	require.NotZero(t, families["go_goroutines"].GetMetric()[0].GetGauge().GetValue())
	if runtime.GOOS == "linux" {
		for _, name := range []string{"process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_threads"} {
			require.NotZero(t, families[name].GetMetric()[0].GetGauge().GetValue(), name)
		}
	}
}

func TestHistogramsHaveBounds(t *testing.T) {
	f := parse(t, text(everything()))["metallic_sched_batch_queue_seconds"]
	require.Equal(t, dto.MetricType_HISTOGRAM, f.GetType())
	require.Len(t, f.GetMetric(), 2)
	for _, m := range f.GetMetric() {
		h := m.GetHistogram()
		require.EqualValues(t, 1, h.GetSampleCount())
		require.Len(t, h.GetBucket(), len(timeBounds)+1) // and infinity
		var below uint64
		for _, b := range h.GetBucket() {
			require.GreaterOrEqual(t, b.GetCumulativeCount(), below)
			below = b.GetCumulativeCount()
		}
		require.EqualValues(t, 1, below)
	}
}
