package kerneltest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// f32s are the types of a plain float32 product.
var f32s = [3]tensor.DType{tensor.F32, tensor.F32, tensor.F32}

// padded returns a solved product of whole numbers with gaps between the rows
// of C.
func padded(t *testing.T) *Matmul {
	g := newMaker(1, "check")
	m := g.matmul(kernels.Shape{Batch: 2, M: 5, N: 4, K: 900}, f32s, true)
	m.A = NewOperand(tensor.F32, tensor.Dims{2, 5, 900}, RowMajor, false)
	m.A.Fill(func(int, int, int) float32 { return g.number(true) })
	m.B = NewOperand(tensor.F32, tensor.Dims{2, 900, 4}, RowMajor, false)
	m.B.Fill(func(int, int, int) float32 { return g.number(true) })
	m.C = NewOperand(tensor.F32, tensor.Dims{2, 5, 4}, RowPadded, false)
	m.Runs, m.Biases = []Run{{Columns: 4, Alpha: 2, Bias: -1}}, nil
	m.seal()
	plainMatmul(m)
	require.NoError(t, m.Check(false))
	return m
}

// TestMatmulCheckFindsMistakes spoils a right result in the ways that kernels
// go wrong.
func TestMatmulCheckFindsMistakes(t *testing.T) {
	element := func(m *Matmul) *byte { return &m.C.Memory[m.C.at(1, 4, 3)] }
	for name, spoil := range map[string]func(m *Matmul){
		"one step of a long sum": func(m *Matmul) { m.C.View.SetValue(1, 4, 3, m.C.View.Value(1, 4, 3)+1) },
		"the lowest bit":         func(m *Matmul) { *element(m) ^= 1 },
		"NaN":                    func(m *Matmul) { m.C.View.SetValue(0, 0, 0, float32(math.NaN())) },
		"a gap":                  func(m *Matmul) { m.C.Memory[m.C.at(0, 1, 3)+4] ^= 1 },
		"the guard before":       func(m *Matmul) { m.C.Memory[m.C.at(0, 0, 0)-1] ^= 1 },
		"the guard after":        func(m *Matmul) { m.C.Memory[m.C.at(1, 4, 3)+4] ^= 1 },
		"an input":               func(m *Matmul) { m.A.View.SetValue(0, 0, 0, 99) },
	} {
		m := padded(t)
		spoil(m)
		require.Error(t, m.Check(false), name)
	}
}

func TestSoftmaxCheckFindsMistakes(t *testing.T) {
	for name, spoil := range map[string]func(s *Softmax){
		"a value":     func(s *Softmax) { s.Y.View.SetValue(0, 8, 1, 0.5) },
		"a mask":      func(s *Softmax) { s.Y.View.SetValue(0, 0, 0, 1e-30) },
		"a NaN":       func(s *Softmax) { s.Y.View.SetValue(0, 1, 2, float32(math.NaN())) },
		"an input":    func(s *Softmax) { s.X.View.SetValue(0, 1, 2, 7) },
		"a gap":       func(s *Softmax) { s.Y.Memory[s.Y.at(0, 8, 1)+4] ^= 1 },
		"a guard":     func(s *Softmax) { s.Y.Memory[0] ^= 1 },
		"not a share": func(s *Softmax) { s.Y.View.SetValue(0, 8, 0, s.Y.View.Value(0, 8, 0)*1.001) },
	} {
		s := maskedRows(tensor.F32, false)
		plainSoftmax(s)
		require.NoError(t, s.Check(false), name)
		spoil(s)
		require.Error(t, s.Check(false), name)
	}
}

func TestWithin(t *testing.T) {
	inf, nan := math.Inf(1), float32(math.NaN())
	for _, c := range []struct {
		got     float32
		want, e float64
		dt      tensor.DType
		ok      bool
	}{
		{1, 1, 0, tensor.F32, true},
		{math.Nextafter32(1, 2), 1, 0, tensor.F32, false},
		{math.Nextafter32(1, 2), 1, unit, tensor.F32, true},
		{1, 1 + 0x1p-12, 0, tensor.F16, true}, // rounds to 1
		{1, 1 + 0x1p-9, 0, tensor.F16, false},
		{float32(inf), 70000, 0, tensor.F16, true}, // overflows
		{65504, 70000, 0, tensor.F16, false},
		{float32(inf), 1e30, 1, tensor.F32, false},
		{nan, math.NaN(), 0, tensor.F32, true},
		{nan, 1, inf, tensor.F32, false},
		{1, math.NaN(), inf, tensor.F32, false},
		{float32(inf), inf, math.NaN(), tensor.F32, true},
		{float32(-inf), inf, math.NaN(), tensor.F32, false},
		{math.MaxFloat32, inf, math.NaN(), tensor.F32, false},
	} {
		require.Equal(t, c.ok, within(c.got, c.want, c.e, c.dt), "%+v", c)
	}
}
