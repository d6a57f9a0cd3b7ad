package job

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Softmax asks for Y = softmax(X) over every row of every matrix of X:
// y[j] = exp(x[j]-max) / sum_k exp(x[k]-max). A fully masked row is all
// zeros; a NaN among the columns a row attends to makes the row NaN.
type Softmax struct {
	X tensor.View
	// Y takes the result: same type and dimensions as X. The zero View means
	// in place. Y may be X, or memory that does not overlap X.
	Y tensor.View
	// Causal masks the columns after a row's own position: row i attends to
	// columns 0 to i+QueryOffset; the others become 0.
	Causal bool
	// QueryOffset is the position of row 0 among the columns, such as the
	// number of tokens already in a cache. At least 0; only with Causal.
	QueryOffset int
	Options
}

func (s *Softmax) options() *Options {
	if s == nil {
		return new(Options)
	}
	return &s.Options
}

// Arrange implements Job.
func (s *Softmax) Arrange(f *Form, _ Orient) error {
	if s == nil {
		return invalid("job", "a *Matmul, *Softmax or *Attention", "nil")
	}
	if err := s.check(); err != nil {
		return err
	}
	f.A, f.B, f.C, f.Bias = s.X, tensor.View{}, s.result(), tensor.View{}
	f.Alpha, f.Beta, f.QueryOffset = 1, 0, s.QueryOffset
	f.Orientation = "softmax: rows as written"
	d, dt := s.X.Dims(), s.X.DType()
	f.Problem = kernels.Problem{
		Op:    kernels.OpSoftmax,
		Shape: kernels.Shape{Batch: d[0], M: d[1], N: d[2]},
		A:     dt, B: dt, C: dt,
		Causal: s.Causal, QueryOffset: s.QueryOffset != 0,
	}
	return nil
}

func (s *Softmax) result() tensor.View {
	if s.Y.IsZero() {
		return s.X
	}
	return s.Y
}

func (s *Softmax) check() error {
	if err := checkView("X", &s.X); err != nil {
		return err
	}
	y := s.result()
	if err := checkResult("Y", &y); err != nil {
		return err
	}
	switch {
	case y.DType() != s.X.DType():
		return invalid("Y.dtype", "the type of X", "%v for %v", y.DType(), s.X.DType())
	case y.Dims() != s.X.Dims():
		return invalid("Y.shape", "the shape of X", "%v for %v", y.Dims(), s.X.Dims())
	case !sameElements(s.X, y) && y.Overlaps(&s.X):
		return invalid("Y", "X itself or memory of its own", "overlapping X")
	case s.QueryOffset < 0 || s.QueryOffset > maxOffset:
		return invalid("QueryOffset", "0 to 2^40", "%d", s.QueryOffset)
	case s.QueryOffset != 0 && !s.Causal:
		return invalid("QueryOffset", "0 without Causal", "%d", s.QueryOffset)
	}
	return s.Options.check()
}

// maxOffset keeps row + offset + 1 far from overflow.
const maxOffset = 1 << 40

func sameElements(x, y tensor.View) bool {
	return x.Base() == y.Base() && x.Offset() == y.Offset() && x.Strides() == y.Strides()
}
