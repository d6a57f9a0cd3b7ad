package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/array"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// submitReport says what a job was and what became of it.
type submitReport struct {
	Op      string  `json:"op"`
	Shape   string  `json:"shape"`  // MxKxN, ROWSxCOLUMNS of a softmax, ROWSxDIMxKEYS of an attention; batch*... of several
	DTypes  string  `json:"dtypes"` // of all, or of A, B and C
	Where   string  `json:"where"`  // "in process", or the server's address
	Device  string  `json:"device"`
	Seconds float64 `json:"seconds"` // from submitting to the result
	submitChoice
	Output submitOutput `json:"output"`
}

type submitOutput struct {
	File   string `json:"file"`
	Tensor string `json:"tensor,omitempty"`
	DType  string `json:"dtype"`
	Shape  []int  `json:"shape"`
	Bytes  int    `json:"bytes"`
}

// newSubmitReport checks a job, and describes it as its caller wrote it.
func newSubmitReport(w *worker, j job.Job) (*submitReport, error) {
	var f job.Form
	if err := j.Arrange(&f, policy.Orient); err != nil {
		return nil, err
	}
	if f.Problem.Mirrored { // back to A, B and C as written
		f.Problem.A, f.Problem.B = f.Problem.B, f.Problem.A
	}
	p := &f.Problem
	types := metrics.DTypes{A: p.A.String(), B: p.B.String(), C: p.C.String()}
	return &submitReport{
		Op: p.Op.String(), Shape: p.Written().String(), DTypes: types.String(), Where: w.where, Device: w.device,
	}, nil
}

// result describes where the result goes.
func (r *submitReport) result(p array.Place, a *array.Array) {
	r.Output = submitOutput{File: p.File, Tensor: p.Tensor, DType: a.DType.String(), Shape: a.Shape, Bytes: len(a.Data)}
}

// tell writes the report.
func (r *submitReport) tell(s streams, asJSON bool) error {
	if r.Device == "sim" {
		fmt.Fprintf(s.err, "NOT A RESULT: the sim device computes nothing, so %s has no meaning\n", r.Output.File)
	}
	if asJSON {
		return writeJSON(s.out, r)
	}
	elapsed := time.Duration(r.Seconds * float64(time.Second))
	for unit := time.Second; unit > time.Nanosecond; unit /= 10 {
		if elapsed >= 100*unit {
			elapsed = elapsed.Round(unit)
			break
		}
	}
	to := r.Output.File + cmp.Or(map[bool]string{true: ":" + r.Output.Tensor}[r.Output.Tensor != ""], "")
	_, err := fmt.Fprintf(s.err, "%s %s %s, %s/%s (%s) on %s, %s, %v -> %s\n",
		r.Op, r.Shape, r.DTypes, r.Backend, r.Variant, r.Kernel, r.Device, r.Where, elapsed, to)
	return err
}
