package suite

import (
	"fmt"
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/reference"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// rows is a Softmax with its operands and the references of what Check looks
// at.
type rows struct {
	job     job.Softmax
	samples []sample
}

const (
	leastRows = 3
	mostRows  = 64
	// mostColumns is how many elements of a row are looked at.
	mostColumns = 512
)

// Make implements Work.
func (s Softmax) Make(_ job.Doer, seed uint64) (Fixture, error) {
	d := tensor.Dims{1, s.Rows, s.Cols}
	r := &rows{job: job.Softmax{
		X: reference.NewNumbers(seed).View(s.DType, d), Y: reference.Zeros(s.DType, d),
		Causal: s.Causal, QueryOffset: s.offset(),
	}}
	count := min(s.Rows, max(leastRows, min(mostRows, maxExponentials/s.Cols)))
	for n := range count {
		row := n * (s.Rows - 1) / max(1, count-1)
		whole := reference.SoftmaxRow(r.job.X, 0, row, s.attended(row))
		for _, at := range places(tensor.Dims{1, 1, s.Cols}, mostColumns) {
			at.i = row
			r.samples = append(r.samples, sample{at: at, value: whole.At(at.j)})
		}
	}
	return r, nil
}

// maxExponentials bounds what references cost: it is about a millisecond.
const maxExponentials = 1 << 16

// Jobs implements Fixture.
func (r *rows) Jobs() []job.Job { return []job.Job{&r.job} }

// Reset implements Fixture.
func (r *rows) Reset() {
	for _, s := range r.samples {
		r.job.Y.SetValue(s.at.b, s.at.i, s.at.j, float32(math.NaN()))
	}
}

// Check implements Fixture.
func (r *rows) Check() (values int, err error) {
	for _, s := range r.samples {
		if err := s.value.Check(r.job.Y.Value(s.at.b, s.at.i, s.at.j), r.job.Y.DType()); err != nil {
			return 0, fmt.Errorf("element (%d, %d, %d) is %w", s.at.b, s.at.i, s.at.j, err)
		}
	}
	return len(r.samples), nil
}

// Release implements Fixture.
func (r *rows) Release() {}
