package suite

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Softmax is a softmax over each row of a matrix, into another one. With Causal
// the last row attends to every column and each row before it to one less, as
// for the newest tokens of a text; where there are more rows than columns, the
// first row attends to one column.
type Softmax struct {
	Rows, Cols int
	DType      tensor.DType
	Causal     bool
}

// Ops implements Work.
func (Softmax) Ops() []kernels.Op { return []kernels.Op{kernels.OpSoftmax} }

// Parts implements Work.
func (s Softmax) Parts() []Part {
	return []Part{part("rows", s.Rows), part("cols", s.Cols), part("dtype", s.DType), part("causal", s.Causal)}
}

// offset is the position of the first row.
func (s Softmax) offset() int {
	if !s.Causal {
		return 0
	}
	return max(0, s.Cols-s.Rows)
}

// attended returns how many columns a row attends to.
func (s Softmax) attended(row int) int {
	if !s.Causal {
		return s.Cols
	}
	return min(s.Cols, row+s.offset()+1)
}

// Flops implements Work. An exponential is no floating-point operation that
// could be compared with a product's.
func (Softmax) Flops() float64 { return 0 }

// Bytes implements Work: what is attended to is read, everything is written.
func (s Softmax) Bytes() float64 {
	read := 0
	for row := range s.Rows {
		read += s.attended(row)
	}
	return float64(read+s.Rows*s.Cols) * float64(s.DType.Size())
}

// Memory implements Work.
func (s Softmax) Memory() int64 {
	return 4 * int64(s.Rows) * int64(s.Cols) * int64(s.DType.Size())
}
