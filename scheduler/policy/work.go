package policy

import (
	"math"
	"math/bits"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Work is what the cost model needs to know of a batch.
type Work struct {
	Family  kernels.Family
	A, B, C tensor.DType // softmax: the type of its rows, in all three
	// Shape of an attention: M counts the query rows of all heads of a group,
	// N the keys, Batch the groups.
	Shape kernels.Shape
}

// WorkOf returns the work of a plan's own job.
func WorkOf(plan *kernels.Plan) Work {
	p := &plan.Problem
	w := Work{Family: plan.Row.Family, A: p.A, B: p.B, C: p.C, Shape: p.Shape}
	if p.Op == kernels.OpAttention {
		w.Shape.M *= p.Group
	}
	return w
}

// Widen returns w with another number of columns (matmul) or rows (softmax):
// the direction in which batches grow. Those of attentions grow by heads.
func (w Work) Widen(extent int) Work {
	switch w.Family.Op() {
	case kernels.OpSoftmax:
		w.Shape.Batch, w.Shape.M = 1, extent
	case kernels.OpMatmul:
		w.Shape.N = extent
	case kernels.OpAttention:
		w.Shape.Batch = extent
	default:
	}
	return w
}

// extent is what Widen sets.
func (w Work) extent() int {
	switch w.Family.Op() {
	case kernels.OpSoftmax:
		return w.Shape.Batch * w.Shape.M
	case kernels.OpAttention:
		return w.Shape.Batch
	case kernels.OpMatmul:
	default:
	}
	return w.Shape.N
}

// Prior is what is known of a device before anything ran on it.
type Prior struct {
	Bandwidth float64       // bytes a second; 10 GB/s if not positive
	Flops     float64       // operations a second; 100 Gflop/s if not positive
	Launch    time.Duration // fixed cost of a batch; 5 µs if not positive
}

func (p Prior) withDefaults() Prior {
	if p.Bandwidth <= 0 {
		p.Bandwidth = 10e9
	}
	if p.Flops <= 0 {
		p.Flops = 100e9
	}
	if p.Launch <= 0 {
		p.Launch = 5 * time.Microsecond
	}
	return p
}

// curve is the prior's time of one kind of work as a function of its extent,
// in seconds: launch + max(bytes/bandwidth, operations/peak).
type curve struct {
	launch float64
	once   float64 // reading the operand once
	pass   float64 // columns that one reading serves
	each   float64 // moving one more column (or row)
	ops    float64 // computing one more column (or row)
}

// at does not decrease as n grows.
func (c *curve) at(n float64) float64 {
	passes := 1.0
	if n > c.pass {
		passes = math.Ceil(n / c.pass)
	}
	return c.launch + max(c.once*passes+c.each*n, c.ops*n)
}

// opsPerExp is a softmax element's share of maximum, exponential and sum.
const opsPerExp = 10

// curve returns the prior's curve for w.
func (p *Prior) curve(w *Work) curve {
	c := curve{launch: p.Launch.Seconds(), pass: math.Inf(1)}
	if w.Family.Op() == kernels.OpSoftmax {
		cols := float64(w.Shape.N)
		c.each = cols * float64(w.A.Size()+w.C.Size()) / p.Bandwidth
		c.ops = cols * opsPerExp / p.Flops
		return c
	}
	if w.Family == kernels.FamilyChain {
		rows, keys, k := float64(w.Shape.M), float64(w.Shape.N), float64(w.Shape.K)
		c.each = 2 * k * (keys*float64(w.B.Size()) + rows*float64(w.A.Size())) / p.Bandwidth
		c.ops = rows * keys * (4*k + opsPerExp) / p.Flops
		return c
	}
	batch, m, k := float64(w.Shape.Batch), float64(w.Shape.M), float64(w.Shape.K)
	c.once = batch * m * k * float64(w.A.Size()) / p.Bandwidth
	c.each = batch * (k*float64(w.B.Size()) + m*float64(w.C.Size())) / p.Bandwidth
	c.ops = 2 * batch * m * k / p.Flops
	switch w.Family {
	case kernels.FamilyGEMV:
		c.pass = 1
	case kernels.FamilySmallN:
		c.pass = float64(kernels.MaxSmallN)
	case kernels.FamilySIMD, kernels.FamilyMLX, kernels.FamilyMPS,
		kernels.FamilyVec, kernels.FamilyBlock, kernels.FamilyLegacy, kernels.FamilyChain:
	default:
	}
	return c
}

const (
	sizeClasses   = 24 // each covers a factor of four
	extentClasses = 14 // each covers a factor of two, the last all above 4096
)

// sizeClass groups work by the bytes of its operand (matmul), of one row or of
// the scores of one group of heads.
func (w *Work) sizeClass() int {
	bytes := float64(w.Shape.Batch) * float64(w.Shape.M) * float64(w.Shape.K) * float64(w.A.Size())
	if w.Family.Op() == kernels.OpSoftmax {
		bytes = float64(w.Shape.N) * float64(w.A.Size())
	}
	if w.Family == kernels.FamilyChain {
		bytes = float64(w.Shape.M) * float64(w.Shape.N) * float64(w.A.Size())
	}
	return min(bits.Len64(uint64(min(bytes, 1<<62)))/2, sizeClasses-1)
}

// extentClass groups extents: 0 and 1, 2, 3 and 4, 5 to 8, ...
func extentClass(n int) int {
	if n <= 1 {
		return 0
	}
	return min(bits.Len(uint(n-1)), extentClasses-1)
}

// firstOf and lastOf return the ends of an extent class; the last has no end.
func firstOf(class int) float64 {
	if class == 0 {
		return 0
	}
	return float64(int(1)<<(class-1) + 1)
}

func lastOf(class int) float64 { return float64(int(1) << class) }
