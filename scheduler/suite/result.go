package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
)

// Result is what became of a case in one round: it was skipped, its result was
// wrong, or it was measured.
type Result struct {
	Case  Case
	Round int // from 0

	Skip  string // why nothing was measured
	Wrong error  // a *WrongError: nothing was measured

	Choice  Choice        // of the case's first job
	Checked int           // values compared with references, before the first round
	First   time.Duration // of an operation before the first round, most likely with all compiled
	Ops     int
	Elapsed time.Duration // of all operations
	Device  time.Duration // of Elapsed, that the device took
	Batches []metrics.Total
}

// Measured reports whether the case was.
func (r *Result) Measured() bool { return r.Ops > 0 }

// rate returns how much of something was done each nanosecond.
func (r *Result) rate(perOp float64) float64 {
	return perOp * float64(r.Ops) / max(1, float64(r.Elapsed))
}

// Metric is a measurement of a result.
type Metric struct {
	Unit  string
	Value float64
}

// Metrics returns what was measured, in the units of the Go benchmark format.
func (r *Result) Metrics() []Metric {
	perOp := func(d time.Duration) float64 { return float64(d) / float64(max(1, r.Ops)) }
	list := []Metric{{"ns/op", perOp(r.Elapsed)}, {"device-ns/op", perOp(r.Device)}}
	if f := r.Case.Work.Flops(); f > 0 {
		list = append(list, Metric{"GFLOP/s", r.rate(f)})
	}
	return append(list, Metric{"GB/s", r.rate(r.Case.Work.Bytes())})
}

// Ran says which kernels computed the operations, the first job's before it
// was batched with others or divided, and what the batches were.
func (r *Result) Ran() string {
	text := r.Choice.Backend + "/" + r.Choice.Variant
	var batches, jobs uint64
	var kernels []string
	for _, t := range r.Batches {
		batches, jobs = batches+t.Batches, jobs+t.Jobs
		if k := t.Backend + "/" + t.Variant; len(kernels) == 0 || kernels[len(kernels)-1] != k {
			kernels = append(kernels, k)
		}
	}
	switch list := strings.Join(kernels, ", "); {
	case slices.Contains(kernels, text):
		text = list
	case list != "":
		text = fmt.Sprintf("%s alone, ran %s", text, list)
	}
	if batches > 0 && jobs != batches {
		text += fmt.Sprintf(", %.3g jobs a batch", float64(jobs)/float64(batches))
	}
	return text
}

// Why is the reason of the choice.
func (r *Result) Why() string { return r.Choice.Reason + "; " + r.Choice.Orientation }
