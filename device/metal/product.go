//go:build darwin || linux

package metal

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// stretch is neighbouring columns that are computed in one way.
type stretch struct {
	column, columns int // the first, and how many
	run, runs       int
	alpha, beta     float32
	plain           bool // equal factors that are numbers, alpha not 0, no bias
}

// stretches cuts the columns of a product: those with equal factors together,
// and all others that stand side by side.
func stretches(runs []device.Run) (all []stretch) {
	column := 0
	for i, r := range runs {
		if r.Columns == 0 {
			continue
		}
		s := stretch{column: column, columns: r.Columns, run: i, runs: 1}
		if r.Alpha != 0 && r.Alpha == r.Alpha && r.Beta == r.Beta && r.Bias < 0 {
			s.alpha, s.beta, s.plain = r.Alpha, r.Beta, true
		}
		column += r.Columns
		if n := len(all); n > 0 && all[n-1].plain == s.plain && all[n-1].alpha == s.alpha && all[n-1].beta == s.beta {
			all[n-1].columns += s.columns
			all[n-1].runs = i + 1 - all[n-1].run
			continue
		}
		all = append(all, s)
	}
	return all
}

// narrowed returns the part of a product that computes some of its columns.
func narrowed(m *device.Matmul, s stretch) device.Matmul {
	part := *m
	part.Shape.N = s.columns
	part.B.View.Columns(s.column, s.column+s.columns)
	part.C.View.Columns(s.column, s.column+s.columns)
	part.Runs = m.Runs[s.run : s.run+s.runs]
	return part
}

// operand is a batch of matrices in the words of the vendor library: rows, one
// after another, lead elements apart.
type operand struct {
	buffer                device.Buffer
	elements              tensor.DType
	offset, batch         int // of the first matrix and to the next, in elements
	rows, columns         int
	lead                  int
	transposed, described bool
}

// describe says a region of matrices of rows x columns in these words, if that
// is possible: rows or columns must be contiguous.
func describe(r *device.Region) (o operand) {
	v := &r.View
	d, s := v.Dims(), v.Strides()
	o = operand{buffer: r.Buffer, elements: v.DType(), offset: v.Offset(), batch: s[0], rows: d[1], columns: d[2]}
	if d[0] == 1 {
		o.batch = 0
	}
	if s[2] == 1 || d[2] == 1 {
		if o.lead, o.described = lead(s[1], d[1], d[2]); o.described {
			return o
		}
	}
	if s[1] == 1 || d[1] == 1 {
		o.rows, o.columns, o.transposed = d[2], d[1], true
		o.lead, o.described = lead(s[2], d[2], d[1])
	}
	return o
}

// even says whether the matrices of a batch can be described at once: they are
// a whole number of rows apart, and far enough.
func (o *operand) even() bool {
	return o.batch%o.lead == 0 && o.batch >= o.rows*o.lead
}

// lead returns the distance of lines that lie a stride apart. That of a single
// line is not looked at, but must not be less than its length.
func lead(stride, lines, length int) (distance int, ok bool) {
	if lines == 1 {
		return length, true
	}
	return stride, stride >= length
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
	a, b, c := describe(&m.A), describe(&m.B), describe(&m.C)
	if !a.described || !b.described || !c.described {
		return p, false
	}
	s, alpha, beta := m.Shape, m.Runs[0].Alpha, m.Runs[0].Beta
	if !holds(c.elements, alpha) || !holds(c.elements, beta) {
		return p, false
	}
	p.product = mtl.Product{
		TransposeLeft: a.transposed, TransposeRight: b.transposed,
		Rows: s.M, Columns: s.N, Interior: s.K,
		Alpha: float64(alpha), Beta: float64(beta),
	}
	p.operands, p.matrices = [3]operand{a, b, c}, s.Batch
	for _, o := range p.operands {
		if !o.even() || s.Batch*o.batch*o.elements.Size() >= maxReach {
			p.matrices = 1
		}
	}
	if c.transposed {
		p.product.TransposeLeft, p.product.TransposeRight = !b.transposed, !a.transposed
		p.product.Rows, p.product.Columns = s.N, s.M
		p.operands = [3]operand{b, a, c}
	}
	return p, p.trusted()
}
