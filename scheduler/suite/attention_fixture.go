package suite

import (
	"fmt"
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/reference"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// heads is an Attention with its operands and the references of what Check
// looks at.
type heads struct {
	apart   bool
	jobs    []job.Job
	o       tensor.View
	samples []sample
}

// Make implements Work.
func (a Attention) Make(_ job.Doer, seed uint64) (Fixture, error) {
	numbers := reference.NewNumbers(seed)
	matrix := func(rows, cols int) tensor.Dims { return tensor.Dims{a.Heads, rows, cols} }
	q, k, v := numbers.View(a.DType, matrix(a.Rows, a.Dim)), numbers.View(a.DType, matrix(a.Keys, a.Dim)), numbers.View(a.DType, matrix(a.Keys, a.Dim))
	h := &heads{apart: a.Apart, o: reference.Zeros(a.DType, matrix(a.Rows, a.Dim))}
	scale, offset, kept := 1/math.Sqrt(float64(a.Dim)), 0, tensor.F32
	if a.Causal {
		offset = a.Keys - a.Rows
	}
	if a.Apart {
		scores := reference.Zeros(a.DType, matrix(a.Rows, a.Keys))
		kept = a.DType
		h.jobs = []job.Job{
			&job.Matmul{A: q, B: k, TransB: true, C: scores, Scale: job.AlphaBeta(float32(scale), 0)},
			&job.Softmax{X: scores, Causal: a.Causal, QueryOffset: offset},
			&job.Matmul{A: scores, B: v, C: h.o},
		}
	} else {
		h.jobs = []job.Job{&job.Attention{Q: q, K: k, V: v, O: h.o, Causal: a.Causal, QueryOffset: offset}}
	}
	h.sample(a, reference.Attention{Q: q, K: k, V: v, Scale: scale, Scores: kept})
	return h, nil
}

// sample chooses rows of the result and computes what they should be.
func (h *heads) sample(a Attention, r reference.Attention) {
	rows := max(2, min(16, maxTerms/max(1, a.Keys*a.Dim)))
	for n := range min(rows, a.Heads*a.Rows) {
		at := place{b: n * (a.Heads - 1) / max(1, rows-1), i: n * 7919 % a.Rows}
		if n == rows-1 {
			at.i = a.Rows - 1
		}
		row := r.Row(at.b, at.i, a.attended(at.i))
		for at.j = range a.Dim {
			h.samples = append(h.samples, sample{at: at, value: row.At(at.j)})
		}
	}
}

// Jobs implements Fixture.
func (h *heads) Jobs() []job.Job { return h.jobs }

// InOrder implements Sequence.
func (h *heads) InOrder() bool { return h.apart }

// Reset implements Fixture.
func (h *heads) Reset() {
	for _, s := range h.samples {
		h.o.SetValue(s.at.b, s.at.i, s.at.j, float32(math.NaN()))
	}
}

// Check implements Fixture.
func (h *heads) Check() (values int, err error) {
	for _, s := range h.samples {
		if err := s.value.Check(h.o.Value(s.at.b, s.at.i, s.at.j), h.o.DType()); err != nil {
			return 0, fmt.Errorf("element (%d, %d, %d) is %w", s.at.b, s.at.i, s.at.j, err)
		}
	}
	return len(h.samples), nil
}

// Release implements Fixture.
func (h *heads) Release() {}
