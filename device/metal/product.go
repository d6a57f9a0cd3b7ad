//go:build darwin || linux

package metal

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// operand is a batch of matrices for the vendor library: rows, one after
// another, Lead elements apart.
type operand struct {
	gpu.Lines
	buffer device.Buffer
}

func operandOf(r *device.Region) operand { return operand{gpu.LinesOf(r), r.Buffer} }

// even says whether the matrices of a batch can be described at once: they are
// a whole number of rows apart, and far enough.
func (o *operand) even() bool {
	return o.Batch%o.Lead == 0 && o.Batch >= o.Rows*o.Lead
}

// productPlan is a product for the vendor library: left, right and result.
type productPlan struct {
	product  mtl.Product
	operands [3]operand
	matrices int // of the batch in one operation: all, or 1
}

// holds says whether a factor is a number of C's type, to which the vendor
// library rounds it.
func holds(c tensor.DType, factor float32) bool {
	return c != tensor.F16 || tensor.ToFloat16(factor).Float32() == factor
}

// planProduct plans a product with the factors of its first run. If the
// columns of C are contiguous instead of its rows, it plans the mirror image:
// the transpose of C is that of B times that of A.
func planProduct(m *device.Matmul) (p productPlan, ok bool) {
	a, b, c := operandOf(&m.A), operandOf(&m.B), operandOf(&m.C)
	if !a.Contiguous || !b.Contiguous || !c.Contiguous {
		return p, false
	}
	s, alpha, beta := m.Shape, m.Runs[0].Alpha, m.Runs[0].Beta
	if !holds(c.Elements, alpha) || !holds(c.Elements, beta) {
		return p, false
	}
	p.product = mtl.Product{
		TransposeLeft: a.Transposed, TransposeRight: b.Transposed,
		Rows: s.M, Columns: s.N, Interior: s.K,
		Alpha: float64(alpha), Beta: float64(beta),
	}
	p.operands, p.matrices = [3]operand{a, b, c}, s.Batch
	for _, o := range p.operands {
		if !o.even() || s.Batch*o.Batch*o.Elements.Size() >= maxReach {
			p.matrices = 1
		}
	}
	if c.Transposed {
		p.product.TransposeLeft, p.product.TransposeRight = !b.Transposed, !a.Transposed
		p.product.Rows, p.product.Columns = s.N, s.M
		p.operands = [3]operand{b, a, c}
	}
	return p, p.trusted()
}
