package kerneltest

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// Softmax is one case: Y = softmax(X) for every row. Y is X for a case in
// place. Its fields mean what those of a device's binding do.
type Softmax struct {
	Name           string
	X, Y           *Operand
	Rows           []RowRun
	Causal, Offset bool // what the key says of the rows
}

// RowRun is a stretch of rows; row i of it attends to the columns below
// min(Cols, Limit+i*Step).
type RowRun struct {
	Rows, Cols  int
	Limit, Step int
}

func (s *Softmax) String() string {
	return fmt.Sprintf("%s %v X %v Y %v %v in place %t rows %v", s.Name, s.X.View.Dims(),
		s.X.View.Strides(), s.Y.View.DType(), s.Y.View.Strides(), s.X == s.Y, s.Rows)
}

// Key returns the specialisation of a row for the case.
func (s *Softmax) Key(row *kernels.Row, caps kernels.Caps) kernels.Key {
	dt, width := s.X.View.DType(), kernels.WidthBucket(s.X.View.Cols())
	return kernels.Key{
		Kernel: row.Name, A: dt, B: dt, C: s.Y.View.DType(), Width: width,
		Causal: s.Causal, QueryOffset: s.Offset,
		SIMDReduction: caps.SIMDReduction && row.Family != kernels.FamilyLegacy,
		Threadgroup:   min(max(width, caps.SIMDWidth), caps.MaxThreadgroup),
	}
}

// row returns how many columns row r (of all matrices) has and attends to.
func (s *Softmax) row(r int) (cols, attended int) {
	for _, run := range s.Rows {
		if r < run.Rows {
			return run.Cols, max(0, min(run.Cols, run.Limit+r*run.Step))
		}
		r -= run.Rows
	}
	panic("kerneltest: the runs do not cover the rows")
}

func (s *Softmax) seal() *Softmax {
	s.X.Seal()
	s.Y.Seal()
	return s
}
