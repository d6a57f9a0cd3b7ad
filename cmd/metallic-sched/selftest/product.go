package selftest

import (
	"math/rand/v2"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// product is A*B as the reference computes it. Rows of the catalog compute
// its first columns.
type product struct {
	size
	n               int
	a, b            *kerneltest.Operand
	want, magnitude []float32 // A*B and |A|*|B|, row-major
}

// newProduct makes random operands, the same ones for the same sizes and types,
// and lets the reference multiply them.
func newProduct(ref *rig, s size, n int, ta, tb tensor.DType) (*product, error) {
	p := &product{
		size: s, n: n,
		a: kerneltest.NewOperand(ta, tensor.Dims{1, s.m, s.k}, s.a, false),
		b: kerneltest.NewOperand(tb, tensor.Dims{1, s.k, n}, s.b, false),
	}
	dice := rand.New(rand.NewPCG(uint64(s.m), uint64(s.k)))
	normal := func(int, int, int) float32 { return float32(dice.NormFloat64()) }
	p.a.Fill(normal)
	p.b.Fill(normal)
	var err error
	if p.want, err = ref.multiply(p.a.View, p.b.View); err != nil {
		return nil, err
	}
	if p.magnitude, err = ref.multiply(absolute(p.a), absolute(p.b)); err != nil {
		return nil, err
	}
	return p, p.vouch(dice)
}

// absolute returns a copy without signs.
func absolute(o *kerneltest.Operand) tensor.View {
	layout := kerneltest.RowMajor
	if s := o.View.Strides(); s[1] < s[2] {
		layout = kerneltest.ColumnMajor
	}
	c := kerneltest.NewOperand(o.View.DType(), o.View.Dims(), layout, false)
	c.Fill(func(b, i, j int) float32 { return max(o.View.Value(b, i, j), -o.View.Value(b, i, j)) })
	return c.View
}

// multiply returns A*B in float32, with the fallback kernel that every device
// has. The device must read host memory.
func (r *rig) multiply(a, b tensor.View) ([]float32, error) {
	m, n, k := a.Rows(), b.Cols(), a.Cols()
	c := make([]float32, m*n)
	bound := &kerneltest.Matmul{
		A: &kerneltest.Operand{View: a}, B: &kerneltest.Operand{View: b},
		C:    &kerneltest.Operand{View: tensor.Matrix(c, m, n)},
		Runs: []kerneltest.Run{{Columns: n, Alpha: 1, Bias: -1}},
	}
	line, err := r.compile(bound.Key(kernels.Default.Find("matmul_mlx"), r.info.Caps))
	if err != nil {
		return nil, err
	}
	_, err = r.commit(device.Stage{Dispatches: []device.Dispatch{{Pipeline: line, Matmul: &device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: m, N: n, K: k},
		A:     device.Host(a), B: device.Host(b), C: device.Host(bound.C.View),
		Runs: []device.Run{{Columns: n, Alpha: 1, Bias: -1}},
	}}}})
	return c, err
}

// vouched is how many elements of the reference are computed again in float64.
const vouched = 24

// vouch makes sure of the reference, which may be on a processor of a kind that
// it never ran on.
func (p *product) vouch(dice *rand.Rand) error {
	var m Measure
	for range vouched {
		i, j := dice.IntN(p.m), dice.IntN(p.n)
		want, magnitude := 0.0, 0.0
		for k := range p.k {
			term := float64(p.a.View.Value(0, i, k)) * float64(p.b.View.Value(0, k, j))
			want += term
			magnitude += max(term, -term)
		}
		for _, c := range [][2]float64{{float64(p.want[i*p.n+j]), want}, {float64(p.magnitude[i*p.n+j]), magnitude}} {
			m.see(i, j, float32(c[0]), c[1], magnitude*single, productTolerance(tensor.F32, p.k, c[1], magnitude))
		}
	}
	return doubt(&m)
}
