// Package shaders holds what the sources of all GPU kernels share: the layout
// of their arguments. The kernels themselves are in the packages below it.
package shaders

import _ "embed" // for Header

// Header is the C++ text of these types, for Metal and CUDA alike.
//
//go:embed arguments.h
var Header string

// Matrix is where a batch of matrices lies in its buffer, in elements: element
// (b, i, j) at Offset + b*Batch + i*Row + j*Col.
type Matrix struct{ Offset, Batch, Row, Col int64 }

// MatmulArguments describe a product; see arguments.h.
type MatmulArguments struct {
	A, B, C          Matrix
	M, N, K, Batches uint32
	Runs, _          uint32
}

// ColumnRun is a stretch of columns with the same factors.
type ColumnRun struct {
	First       uint32
	Alpha, Beta float32
	Bias        int32
}

// SoftmaxArguments describe a softmax; see arguments.h.
type SoftmaxArguments struct {
	X, Y                      Matrix
	Rows, Cols, Batches, Runs uint32
}

// RowRun is a stretch of rows of one job.
type RowRun struct {
	First, Cols uint32
	Limit, Step int64
}

// CopyArguments describe a copy; see arguments.h.
type CopyArguments struct {
	Dst, Src            Matrix
	Rows, Cols, Batches uint32
	_                   uint32
}
