package show

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// JSON writes a list of runs, each with its facts and Rows.
func JSON(w io.Writer, runs []*loadtest.Results) error {
	type run struct {
		Info    loadtest.RunInfo `json:"info"`
		End     *loadtest.RunEnd `json:"end"`
		Failure string           `json:"failure,omitempty"`
		Stages  []Row            `json:"stages"`
	}
	all := []run{}
	for _, r := range runs {
		one := run{Info: r.Info, End: r.End, Stages: rows(r)}
		if err := r.Verdict(); err != nil {
			one.Failure = err.Error()
		}
		all = append(all, one)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(all)
}

var csvHeader = []string{
	"run", "stage", "rate", "achieved", "throughput", "done", "lost", "cancelled", "malformed", "late",
	"p50_ms", "p90_ms", "p99_ms", "p999_ms", "max_ms", "sent_p50_ms", "sent_p99_ms", "lag_p50_ms", "lag_p90_ms", "lag_p99_ms", "mean_batch", "jain", "stable",
}

// CSV writes a line for each stage of each run.
func CSV(w io.Writer, runs []*loadtest.Results) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvHeader); err != nil {
		return err
	}
	for _, run := range runs {
		for _, r := range rows(run) {
			if err := out.Write(r.fields()); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

func (r *Row) fields() []string {
	f := []string{r.Run, r.Stage}
	for _, x := range []float64{r.Rate, r.Achieved, r.Throughput} {
		f = append(f, strconv.FormatFloat(x, 'f', 3, 64))
	}
	for _, n := range []int64{r.Done, r.Lost, r.Cancelled, r.Malformed, r.Late} {
		f = append(f, strconv.FormatInt(n, 10))
	}
	for _, d := range []time.Duration{r.P50, r.P90, r.P99, r.P999, r.Max, r.SentP50, r.SentP99, r.LagP50, r.LagP90, r.LagP99} {
		f = append(f, strconv.FormatFloat(float64(d)/1e6, 'f', 4, 64))
	}
	return append(f, strconv.FormatFloat(r.MeanBatch, 'f', 3, 64), strconv.FormatFloat(r.Jain, 'f', 4, 64), strconv.FormatBool(r.Stable))
}
