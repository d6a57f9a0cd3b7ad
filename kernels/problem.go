package kernels

import "github.com/metallic-sched/metallic-sched/kernels/tensor"

// Problem is a job as kernels see it: after orientation, without memory.
// It is comparable, so that equal problems share one Plan.
type Problem struct {
	Op      Op
	Shape   Shape
	A, B, C tensor.DType // softmax: the type of its rows, in all three
	// TransA and TransB say how the normalised operands lie in memory: true
	// when rows, not columns, are contiguous in the transposed direction.
	TransA, TransB bool
	BetaNonZero    bool
	Bias           bool
	Mirrored       bool // taken as Ct = op(B)t op(A)t
	Causal         bool // softmax only
	QueryOffset    bool // softmax only: the offset is not 0

	// Attention only. Batch is its K/V heads, M the query rows, N the keys and K
	// the length of a query; A, B and C are the types of Q, of K and V, and of
	// the result. TransA and TransB are of Q and K.
	Group     int  // query heads for each K/V head
	ValueCols int  // length of a value
	TransV    bool // V lies as TransA says of A
}

// Written returns the shape as the caller wrote it.
func (p Problem) Written() Shape {
	if p.Mirrored {
		return p.Shape.Mirror()
	}
	return p.Shape
}
