package show

import (
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// Row is what is shown of one stage. Times are in nanoseconds.
type Row struct {
	Run        string        `json:"run"`
	Stage      string        `json:"stage"`
	Rate       float64       `json:"rate"` // asked for; 0 in a closed loop
	Achieved   float64       `json:"achieved"`
	Throughput float64       `json:"throughput"`
	Done       int64         `json:"done"`
	Lost       int64         `json:"lost"`
	Cancelled  int64         `json:"cancelled"`
	Malformed  int64         `json:"malformed"`
	Late       int64         `json:"late"`
	LagP50     time.Duration `json:"lag_p50_ns"` // how long after their time jobs were sent
	LagP90     time.Duration `json:"lag_p90_ns"`
	LagP99     time.Duration `json:"lag_p99_ns"`
	P50        time.Duration `json:"p50_ns"`
	P90        time.Duration `json:"p90_ns"`
	P99        time.Duration `json:"p99_ns"`
	P999       time.Duration `json:"p999_ns"`
	Max        time.Duration `json:"max_ns"`
	SentP50    time.Duration `json:"sent_p50_ns"` // from when jobs were sent
	SentP99    time.Duration `json:"sent_p99_ns"`
	MeanBatch  float64       `json:"mean_batch"`
	Jain       float64       `json:"jain"`
	Stable     bool          `json:"stable"`
	Problems   []string      `json:"problems,omitempty"`
	Warning    string        `json:"warning,omitempty"`
}

func rows(run *loadtest.Results) []Row {
	var out []Row
	for _, s := range run.Summaries() {
		h := &s.Intended
		out = append(out, Row{
			Run: run.Info.Name, Stage: s.Name, Rate: s.Rate, Achieved: s.Achieved, Throughput: s.Throughput,
			Done: s.Outcomes.Done, Lost: s.Outcomes.Lost(), Cancelled: s.Outcomes.Cancelled, Malformed: s.Outcomes.Malformed,
			Late: s.Late, LagP50: s.Lag.Quantile(0.5), LagP90: s.Lag.Quantile(0.9), LagP99: s.Lag.Quantile(0.99),
			P50: h.Quantile(0.5), P90: h.Quantile(0.9), P99: h.Quantile(0.99), P999: h.Quantile(0.999), Max: h.Max(),
			SentP50: s.Actual.Quantile(0.5), SentP99: s.Actual.Quantile(0.99),
			MeanBatch: s.MeanBatch(), Jain: s.Jain, Stable: s.Stable, Problems: s.Problems, Warning: s.Warning,
		})
	}
	return out
}

// facts says in words what a run's results are worth.
func facts(run *loadtest.Results) [][2]string {
	i, e := &run.Info, run.End
	out := [][2]string{
		{"run", i.Name + ", " + i.Time.Format(time.RFC3339)},
		{"program", i.Program},
		{"device", i.Device},
		{"load", load(i)},
	}
	if i.Note != "" {
		out = append(out, [2]string{"note", i.Note})
	}
	for _, name := range sorted(i.Env) {
		out = append(out, [2]string{"variable", name + "=" + i.Env[name]})
	}
	if e != nil {
		out = append(out, ending(e)...)
	}
	verdict := "passed"
	if err := run.Verdict(); err != nil {
		verdict = "FAILED: " + strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	if i.Loop == loadtest.LoopSearch {
		best := "none"
		if b := run.Best(); b != nil {
			best = number(b.Rate) + " jobs/s"
		}
		if l := run.Limit(); l != nil && len(l.Problems) > 0 {
			best += "; at " + number(l.Rate) + " " + l.Problems[0]
		}
		out = append(out, [2]string{"highest rate with " + i.Objective, best})
	}
	for _, w := range run.Warnings() {
		out = append(out, [2]string{"warning", w})
	}
	return append(out, [2]string{"verdict", verdict})
}

func load(i *loadtest.RunInfo) string {
	words := []string{i.Loop + " loop", "mix " + i.Mix}
	if i.Arrivals != "" {
		words = append(words, i.Arrivals+" arrivals")
	}
	words = append(words, "seed "+number(float64(i.Seed)), "warm-up "+i.Warmup.String())
	if i.Objective != "" {
		words = append(words, "objective "+i.Objective)
	}
	return strings.Join(words, ", ")
}
