package cpu_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestLayoutInvariance computes one product in every layout of A, B and C:
// unlike other devices, this one gives the same bits for all of them.
func TestLayoutInvariance(t *testing.T) { eachLevel(t, testLayoutInvariance) }

func testLayoutInvariance(t *testing.T) {
	s := kernels.Shape{Batch: 1, M: 9, N: 6, K: 700}
	data := rand.New(rand.NewPCG(1, 2))
	a, b := make([]float32, s.M*s.K), make([]float32, s.K*s.N)
	for _, xs := range [][]float32{a, b} {
		for i := range xs {
			xs[i] = float32(data.NormFloat64())
		}
	}
	for name := range cpu.Matmuls {
		var first []uint32
		for _, la := range kerneltest.Layouts {
			for _, lb := range kerneltest.Layouts {
				m := product(s, la, lb, a, b)
				runner{new(cpu.Scratch)}.matmul(t, kernels.Key{Kernel: name}, m)
				bits := bitsOf(m.C)
				if first == nil {
					first = bits
				}
				require.Equal(t, first, bits, "%s: A %v, B %v", name, la, lb)
			}
		}
	}
}

// TestOneNaN mixes NaNs that processors tell apart: made by arithmetic and
// with payloads. Which of them an addition returns must not show.
func TestOneNaN(t *testing.T) { eachLevel(t, testOneNaN) }

func testOneNaN(t *testing.T) {
	inf, payload := float32(math.Inf(1)), math.Float32frombits(0xffc12345)
	s := kernels.Shape{Batch: 1, M: 5, N: 3, K: 4}
	a := []float32{
		inf, -inf, payload, 1,
		payload, inf, -inf, 1,
		payload, 1, 1, 1,
		inf, 1, 1, -inf,
		1, 1, payload, inf,
	}
	b := []float32{1, 1, 1, 1, 1, 1, 1, 1, payload, 1, 1, 1}
	for name := range cpu.Matmuls {
		m := product(s, kerneltest.RowMajor, kerneltest.RowMajor, a, b)
		runner{new(cpu.Scratch)}.matmul(t, kernels.Key{Kernel: name}, m)
		for _, bits := range bitsOf(m.C) {
			require.EqualValues(t, 0x7fc00000, bits, name)
		}
	}
}

// product makes a case with float32 operands and alpha 1.
func product(s kernels.Shape, la, lb kerneltest.Layout, a, b []float32) *kerneltest.Matmul {
	m := &kerneltest.Matmul{
		Shape: s,
		A:     kerneltest.NewOperand(tensor.F32, tensor.Dims{1, s.M, s.K}, la, false),
		B:     kerneltest.NewOperand(tensor.F32, tensor.Dims{1, s.K, s.N}, lb, false),
		C:     kerneltest.NewOperand(tensor.F32, tensor.Dims{1, s.M, s.N}, lb, false),
		Runs:  []kerneltest.Run{{Columns: s.N, Alpha: 1, Bias: -1}},
	}
	m.A.Fill(func(_, i, j int) float32 { return a[i*s.K+j] })
	m.B.Fill(func(_, i, j int) float32 { return b[i*s.N+j] })
	return m
}

func bitsOf(o *kerneltest.Operand) (bits []uint32) {
	for i := range o.View.Rows() {
		for j := range o.View.Cols() {
			bits = append(bits, o.Bits(0, i, j))
		}
	}
	return bits
}
