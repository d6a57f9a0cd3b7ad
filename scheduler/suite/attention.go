package suite

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Attention is scaled dot-product attention of Heads. With Causal the last row
// attends to every key and each row before it to one less.
type Attention struct {
	Heads, Rows, Keys, Dim int
	DType                  tensor.DType
	Causal                 bool
	// Apart has it computed as the three jobs that it is made of, one after
	// another, with scores of DType in the caller's memory.
	Apart bool
}

// Ops implements Work.
func (a Attention) Ops() []kernels.Op {
	if a.Apart {
		return []kernels.Op{kernels.OpMatmul, kernels.OpSoftmax}
	}
	return []kernels.Op{kernels.OpAttention}
}

// Parts implements Work.
func (a Attention) Parts() []Part {
	as := "attention"
	if a.Apart {
		as = "jobs"
	}
	return []Part{
		part("heads", a.Heads), part("rows", a.Rows), part("keys", a.Keys), part("dim", a.Dim),
		part("dtype", a.DType), part("causal", a.Causal), part("as", as),
	}
}

// attended returns how many keys a row attends to.
func (a Attention) attended(row int) int {
	if !a.Causal {
		return a.Keys
	}
	return min(a.Keys, row+a.Keys-a.Rows+1)
}

// Flops implements Work: two products over the keys that are attended to.
func (a Attention) Flops() float64 {
	pairs := 0.0
	for row := range a.Rows {
		pairs += float64(a.attended(row))
	}
	return 4 * pairs * float64(a.Heads) * float64(a.Dim)
}

// inputs counts the elements of Q, K, V and O.
func (a Attention) inputs() float64 {
	return 2 * float64(a.Heads) * float64(a.Dim) * float64(a.Rows+a.Keys)
}

// Bytes implements Work: scores need not be written at all.
func (a Attention) Bytes() float64 { return a.inputs() * float64(a.DType.Size()) }

// Memory implements Work.
func (a Attention) Memory() int64 {
	n := a.inputs()
	if a.Apart {
		n += float64(a.Heads) * float64(a.Rows) * float64(a.Keys)
	}
	return 2 * int64(n) * int64(a.DType.Size())
}
