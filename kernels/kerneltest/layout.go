package kerneltest

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Layout is how a matrix lies in memory.
type Layout uint8

// The layouts that kernels must take.
const (
	RowMajor     Layout = iota + 1 // rows contiguous, one after another
	RowPadded                      // rows contiguous, gaps between them
	ColumnMajor                    // columns contiguous: a transpose
	ColumnPadded                   // columns contiguous, gaps between them
	Spread                         // no two elements are neighbours
)

// Layouts lists every Layout.
var Layouts = []Layout{RowMajor, RowPadded, ColumnMajor, ColumnPadded, Spread}

func (l Layout) String() string {
	switch l {
	case RowMajor:
		return "row-major"
	case RowPadded:
		return "row-padded"
	case ColumnMajor:
		return "column-major"
	case ColumnPadded:
		return "column-padded"
	case Spread:
		return "spread"
	}
	return fmt.Sprintf("layout(%d)", uint8(l))
}

// strides returns the strides of matrices of the given size.
func (l Layout) strides(d tensor.Dims) tensor.Dims {
	rows, cols := max(d[1], 1), max(d[2], 1)
	switch l {
	case RowMajor:
		return tensor.Dims{rows * cols, cols, 1}
	case RowPadded:
		return tensor.Dims{rows*(cols+3) + 5, cols + 3, 1}
	case ColumnMajor:
		return tensor.Dims{rows * cols, 1, rows}
	case ColumnPadded:
		return tensor.Dims{cols*(rows+3) + 5, 1, rows + 3}
	case Spread:
		return tensor.Dims{rows * (2*cols + 1), 2*cols + 1, 2}
	}
	panic("kerneltest: no such layout: " + l.String())
}
