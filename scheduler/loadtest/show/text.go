package show

import (
	"bytes"
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// Text writes tables: a row for each stage of each run, then what stages
// consist of.
func Text(out io.Writer, runs []*loadtest.Results) error {
	w := new(bytes.Buffer)
	for _, r := range runs {
		for _, f := range facts(r) {
			fmt.Fprintf(w, "%-10s %s\n", f[0], f[1])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, stages(runs).Render())
	for _, r := range runs {
		for _, t := range parts(r) {
			fmt.Fprintln(w, t.Render())
		}
	}
	fmt.Fprintln(w, "Latency is from when a job was due, \"sent\" from when it was sent; lag is between the two.")
	_, err := w.WriteTo(out)
	return err
}

// NewTable returns a table whose columns, but for the first few, are numbers.
func NewTable(title string, texts int, header ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = text.FormatDefault
	t.SetTitle(title)
	t.AppendHeader(table.Row(header))
	var columns []table.ColumnConfig
	for i := texts; i < len(header); i++ {
		columns = append(columns, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	return t
}

func stages(runs []*loadtest.Results) table.Writer {
	t := NewTable("Stages", 2, "run", "stage", "done/s", "reached", "lost", "late", "p50", "p90", "p99", "p99.9", "max", "sent p99", "lag p99", "batch", "fair", "stable")
	for _, run := range runs {
		for _, r := range rows(run) {
			t.AppendRow(table.Row{
				r.Run, r.Stage, number(r.Throughput), fmt.Sprintf("%.1f %%", 100*r.Achieved), r.Lost, r.Late,
				loadtest.ThreeDigits(r.P50), loadtest.ThreeDigits(r.P90), loadtest.ThreeDigits(r.P99), loadtest.ThreeDigits(r.P999), loadtest.ThreeDigits(r.Max), loadtest.ThreeDigits(r.SentP99), loadtest.ThreeDigits(r.LagP99),
				batch(r.MeanBatch), fmt.Sprintf("%.3f", r.Jain), yes(r.Stable),
			})
		}
	}
	return t
}

func batch(mean float64) string {
	if mean == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", mean)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// parts shows kinds, tenants and variants of each stage, where there are more
// than one; of a search only those of the best stage.
func parts(r *loadtest.Results) (tables []table.Writer) {
	all := r.Summaries()
	if r.Info.Loop == loadtest.LoopSearch {
		all = nil
		if best := r.Best(); best != nil {
			all = append(all, best)
		}
	}
	for _, s := range all {
		title := r.Info.Name + ", " + s.Name + ": "
		if len(s.Kinds) > 1 || s.Outcomes.Done < s.Sent-s.WarmJobs {
			tables = append(tables, kindTable(title, s))
		}
		if len(s.Tenants) > 1 {
			tables = append(tables, tenantTable(title, s))
		}
		if len(s.Batches) > 0 {
			tables = append(tables, variantTable(title, s))
		}
	}
	return tables
}

func kindTable(title string, s *loadtest.Summary) table.Writer {
	t := NewTable(title+"kinds of jobs", 1, "kind", "done", "failed", "expired", "full", "refused", "cancelled", "malformed", "p50", "p99")
	for i := range s.Kinds {
		k := &s.Kinds[i]
		t.AppendRow(table.Row{
			k.Kind, k.Done, k.Failed, k.Expired, k.Full, k.Refused, k.Cancelled, k.Malformed,
			loadtest.ThreeDigits(k.Intended.Quantile(0.5)), loadtest.ThreeDigits(k.Intended.Quantile(0.99)),
		})
	}
	return t
}

func tenantTable(title string, s *loadtest.Summary) table.Writer {
	t := NewTable(title+"tenants", 1, "tenant", "jobs", "served", "p50", "p99")
	for i := range s.Tenants {
		u := &s.Tenants[i]
		served := 1.0
		if u.Asked > 0 {
			served = u.Served / u.Asked
		}
		t.AppendRow(table.Row{
			u.Tenant, u.Jobs, fmt.Sprintf("%.1f %%", 100*served),
			loadtest.ThreeDigits(u.Latency.Quantile(0.5)), loadtest.ThreeDigits(u.Latency.Quantile(0.99)),
		})
	}
	return t
}

func variantTable(title string, s *loadtest.Summary) table.Writer {
	t := NewTable(title+"decisions", 1, "kernel", "batches", "jobs", "mean batch", "device time")
	for _, v := range variants(s.Batches) {
		t.AppendRow(table.Row{v.name, v.batches, v.jobs, number(float64(v.jobs) / float64(v.batches)), loadtest.ThreeDigits(v.device)})
	}
	return t
}
