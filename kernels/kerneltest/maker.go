package kerneltest

import (
	"math/rand/v2"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// maker makes random cases.
type maker struct {
	*rand.Rand
	raw []byte // bits that half of the values are taken from, if any
}

func newMaker(seed uint64, name string) maker {
	h := uint64(14695981039346656037) // each kernel its own cases
	for _, c := range []byte(name) {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return maker{Rand: rand.New(rand.NewPCG(seed, h))}
}

// upTo returns 1 to n, half of the time one of the sizes at which tiles end.
func (g maker) upTo(n int) int {
	if g.IntN(2) == 0 {
		edges := []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513}
		return min(n, edges[g.IntN(len(edges))])
	}
	return 1 + g.IntN(n)
}

func (g maker) layout() Layout { return Layouts[g.IntN(len(Layouts))] }

// number returns a random value; whole gives small integers, whose sums are
// exact.
func (g maker) number(whole bool) float32 {
	switch {
	case whole:
		return float32(g.IntN(9) - 4)
	case len(g.raw) > 0 && g.IntN(2) == 0:
		return g.odd()
	}
	return float32(g.NormFloat64())
}

func (g maker) factor(whole bool) float32 {
	switch g.IntN(4) {
	case 0:
		return 0
	case 1:
		return g.number(whole)
	default:
		return 1
	}
}

// matmul makes a product of the given shape in random layouts, with random
// runs. What a kernel must not read is NaN.
func (g maker) matmul(s kernels.Shape, types [3]tensor.DType, whole bool) *Matmul {
	m := &Matmul{
		Name: "random", Shape: s, Exact: whole,
		A:    NewOperand(types[0], tensor.Dims{s.Batch, s.M, s.K}, g.layout(), g.IntN(3) == 0),
		B:    NewOperand(types[1], tensor.Dims{s.Batch, s.K, s.N}, g.layout(), g.IntN(3) == 0),
		C:    NewOperand(types[2], tensor.Dims{s.Batch, s.M, s.N}, g.layout(), false),
		Runs: nil,
	}
	for left := s.N; left > 0; {
		r := Run{Columns: 1 + g.IntN(left), Alpha: g.factor(whole), Beta: g.factor(whole), Bias: -1}
		if g.IntN(2) == 0 {
			r.Bias = len(m.Biases)
			m.Biases = append(m.Biases, g.bias(types[2], s.M, r.Columns, whole))
		}
		m.Runs = append(m.Runs, r)
		left -= r.Columns
	}
	g.fill(m, whole)
	return m.seal()
}

// fill sets what the runs allow to be read.
func (g maker) fill(m *Matmul, whole bool) {
	live := false
	for _, r := range m.Runs {
		live = live || r.Alpha != 0
	}
	number := func(int, int, int) float32 { return g.number(whole) }
	if live {
		m.A.Fill(number)
	}
	m.B.each(func(b, i, j int) {
		if r, _ := m.run(j); r.Alpha != 0 {
			m.B.View.SetValue(b, i, j, g.number(whole))
		}
	})
	m.C.each(func(b, i, j int) {
		if r, _ := m.run(j); r.Beta != 0 {
			m.C.View.SetValue(b, i, j, g.number(whole))
		}
	})
}

// bias makes a bias with one value per column or per row.
func (g maker) bias(dt tensor.DType, rows, cols int, whole bool) *Operand {
	strides := tensor.Dims{0, 0, 1 + g.IntN(2)}
	if g.IntN(2) == 0 {
		strides = tensor.Dims{0, 1 + g.IntN(2), 0}
	}
	o := newStrided(dt, tensor.Dims{1, rows, cols}, strides)
	o.Fill(func(int, int, int) float32 { return g.number(whole) })
	return o
}
