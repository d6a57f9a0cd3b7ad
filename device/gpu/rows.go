package gpu

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// Rows is a softmax as kernels read it. Its memory is used again by the next
// Bind.
type Rows struct {
	Arguments shaders.SoftmaxArguments
	Runs      []shaders.RowRun
	X, Y      device.Buffer // may be the same
}

// Empty reports that there is nothing to compute.
func (r *Rows) Empty() bool {
	return r.Arguments.Rows == 0 || r.Arguments.Cols == 0 || r.Arguments.Batches == 0
}

// Bind checks the bindings and describes them. X and Y must lie in buffers.
func (r *Rows) Bind(key kernels.Key, s *device.Softmax) error {
	if err := s.Check(key); err != nil {
		return err
	}
	x := &s.X.View
	if err := fits(x.Matrices(), x.Rows(), x.Cols(), x.Matrices()*x.Rows()); err != nil {
		return err
	}
	r.Arguments = shaders.SoftmaxArguments{
		X: matrix(x, x.Matrices()), Y: matrix(&s.Y.View, x.Matrices()),
		Rows: uint32(x.Rows()), Cols: uint32(x.Cols()), Batches: uint32(x.Matrices()), Runs: uint32(len(s.Rows)),
	}
	r.X, r.Y, r.Runs = s.X.Buffer, s.Y.Buffer, r.Runs[:0]
	first := 0
	for _, run := range s.Rows {
		r.Runs = append(r.Runs, shaders.RowRun{First: uint32(first), Cols: uint32(run.Cols), Limit: int64(run.Limit), Step: int64(run.Step)})
		first += run.Rows
	}
	if !r.Empty() && (r.X == nil || r.Y == nil) {
		return errNoBuffer
	}
	return nil
}
