package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/decode"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest/show"
)

// report is what a run measured.
type report struct {
	info           device.Info
	fit            decode.Fit
	interrupted    bool
	batched, alone decode.Summary
}

// verdict returns what makes the run a failure.
func (r *report) verdict() error {
	return errors.Join(r.batched.Balance(), r.alone.Balance())
}

func (r *report) write(w io.Writer) {
	if r.interrupted {
		fmt.Fprintln(w, "Interrupted: this is what was measured so far.")
	}
	r.comparison(w)
	r.decisions(w)
	r.closeReasons(w)
	r.latencies(w)
	r.footnotes(w)
}

// newTable returns a show.NewTable that is rendered to w.
func newTable(w io.Writer, title string, texts int, header ...any) table.Writer {
	t := show.NewTable(title, texts, header...)
	t.SetOutputMirror(w)
	return t
}

// comparison sets both lanes side by side.
func (r *report) comparison(w io.Writer) {
	title := fmt.Sprintf("Decode with %d layers on %s", r.fit.Layers, r.info.Backend)
	t := newTable(w, title, 1, "", "with batching", "without", "ratio")
	rate := func(name, format string, of func(*decode.Summary) float64) {
		a, b := of(&r.batched), of(&r.alone)
		ratio := "-"
		if b > 0 {
			ratio = fmt.Sprintf("%.2fx", a/b)
		}
		t.AppendRow(table.Row{name, fmt.Sprintf(format, a), fmt.Sprintf(format, b), ratio})
	}
	plain := func(name string, of func(*decode.Summary) string) {
		t.AppendRow(table.Row{name, of(&r.batched), of(&r.alone), ""})
	}
	plain("time", func(s *decode.Summary) string { return s.Elapsed.Round(10 * time.Millisecond).String() })
	plain("jobs", func(s *decode.Summary) string { return fmt.Sprint(s.Jobs) })
	rate("jobs/s", "%.0f", func(s *decode.Summary) float64 { return per(float64(s.Jobs), s.Elapsed) })
	rate("tokens/s", "%.2f", func(s *decode.Summary) float64 {
		return per(float64(s.Flops)/float64(s.PerToken), s.Elapsed)
	})
	rate("Gflop/s", "%.2f", func(s *decode.Summary) float64 { return per(float64(s.Flops)/1e9, s.Elapsed) })
	plain("mean batch", func(s *decode.Summary) string { return fmt.Sprintf("%.2f", total(s).MeanJobs()) })
	plain("device busy", func(s *decode.Summary) string {
		return percent(total(s).Device.Seconds(), s.Elapsed.Seconds())
	})
	t.Render()
}

func per(n float64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return n / d.Seconds()
}

func percent(part, whole float64) string {
	if whole <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*part/whole)
}

func total(s *decode.Summary) (sum decode.BatchSum) {
	for _, b := range s.Batches {
		sum.Add(b)
	}
	return sum
}

// group adds up the batches of the first lane by name, the costliest first.
func (r *report) group(name func(decode.BatchKind) string) (names []string, sums map[string]decode.BatchSum) {
	sums = map[string]decode.BatchSum{}
	for k, b := range r.batched.Batches {
		sum, seen := sums[name(k)]
		if !seen {
			names = append(names, name(k))
		}
		sum.Add(b)
		sums[name(k)] = sum
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := sums[b].Device - sums[a].Device; d != 0 {
			return int(d)
		}
		return strings.Compare(a, b)
	})
	return names, sums
}

func (r *report) decisions(w io.Writer) {
	t := newTable(w, "Decisions, with batching", 1, "op backend/variant", "batches", "jobs", "mean batch", "device time")
	names, sums := r.group(func(k decode.BatchKind) string { return k.Op + " " + k.Backend + "/" + k.Variant })
	whole := total(&r.batched).Device.Seconds()
	for _, n := range names {
		b := sums[n]
		t.AppendRow(table.Row{n, b.Batches, b.Jobs, fmt.Sprintf("%.2f", b.MeanJobs()), percent(b.Device.Seconds(), whole)})
	}
	t.Render()
}

func (r *report) closeReasons(w io.Writer) {
	t := newTable(w, "Why batches closed, with batching", 1, "reason", "batches", "jobs", "mean batch")
	names, sums := r.group(func(k decode.BatchKind) string { return k.CloseReason })
	for _, n := range names {
		t.AppendRow(table.Row{n, sums[n].Batches, sums[n].Jobs, fmt.Sprintf("%.2f", sums[n].MeanJobs())})
	}
	t.Render()
}

// latencies are from submission to answer.
func (r *report) latencies(w io.Writer) {
	t := newTable(w, "Latency of a job, from submission to answer", 1,
		"job", "jobs", "p50", "p95", "p99", "max", "without: p50", "p99")
	for i, k := range r.batched.Kinds {
		alone := r.alone.Kinds[i]
		if k.Jobs+alone.Jobs == 0 {
			continue
		}
		row := table.Row{k.Kind.String(), k.Jobs}
		for _, q := range []float64{50, 95, 99, 100} {
			row = append(row, quantile(k, q))
		}
		t.AppendRow(append(row, quantile(alone, 50), quantile(alone, 99)))
	}
	t.Render()
}

func quantile(k decode.KindSum, q float64) string {
	if k.Jobs == 0 {
		return "-"
	}
	d := time.Duration(k.Latency.ValueAtQuantile(q))
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
	default:
		return fmt.Sprintf("%.0f µs", d.Seconds()*1e6)
	}
}

func (r *report) footnotes(w io.Writer) {
	checked := r.batched.Checked + r.alone.Checked
	if r.info.Backend == "sim" {
		fmt.Fprintln(w, "numbers  NOT CHECKED: the sim device computes nothing")
	} else {
		fmt.Fprintf(w, "numbers  %d sampled values agree with a float64 reference\n", checked)
	}
	for i, s := range []*decode.Summary{&r.batched, &r.alone} {
		a, balance := s.Audit, "balances"
		if s.Balance() != nil {
			balance = "DOES NOT BALANCE"
		}
		fmt.Fprintf(w, "audit    %-7s  submitted %d = done %d + failed %d + cancelled %d + expired %d + rejected %d + in flight %d: %s\n",
			laneNames[i], a.Submitted, a.Done, a.Failed, a.Cancelled, a.Expired, a.Rejected, a.InFlight, balance)
	}
}
