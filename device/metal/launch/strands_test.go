package launch_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// inStrands adds up products in the order that strands.metal promises, for
// elements of A of a size in bytes. Its fused multiply-add rounds twice, which
// shows once in 2^29 times.
func inStrands(a, b []float32, strands, size int) float32 {
	sums := make([]float32, strands)
	for k := range a {
		s := k / (16 / size) % strands
		sums[s] = float32(math.FMA(float64(a[k]), float64(b[k]), float64(sums[s])))
	}
	for ; len(sums) > 1; sums = sums[:len(sums)/2] {
		for s := range len(sums) / 2 {
			sums[s] = sums[2*s] + sums[2*s+1]
		}
	}
	return sums[0]
}

// strandCase is a product with its operands as they are, and as rounded values.
type strandCase struct {
	m, n, k int
	a, b    [][]float32 // rows of A, columns of B
}

func newStrandCase(g *rand.Rand, types [3]tensor.DType, m, n, k int) *strandCase {
	c := &strandCase{m: m, n: n, k: k}
	vectors := func(dt tensor.DType, count int) (all [][]float32) {
		for range count {
			o := kerneltest.NewOperand(dt, tensor.Dims{1, 1, k}, kerneltest.RowMajor, false)
			o.Fill(func(int, int, int) float32 { return float32(g.NormFloat64()) })
			v := make([]float32, k)
			for i := range v {
				v[i] = o.View.Value(0, 0, i)
			}
			all = append(all, v)
		}
		return all
	}
	c.a, c.b = vectors(types[0], m), vectors(types[1], n)
	return c
}

// in places the operands in memory.
func (c *strandCase) in(types [3]tensor.DType, a, b, out kerneltest.Layout) *kerneltest.Matmul {
	m := &kerneltest.Matmul{
		Shape: kernels.Shape{Batch: 1, M: c.m, N: c.n, K: c.k},
		A:     kerneltest.NewOperand(types[0], tensor.Dims{1, c.m, c.k}, a, false),
		B:     kerneltest.NewOperand(types[1], tensor.Dims{1, c.k, c.n}, b, false),
		C:     kerneltest.NewOperand(types[2], tensor.Dims{1, c.m, c.n}, out, false),
		Runs:  []kerneltest.Run{{Columns: c.n, Alpha: 1, Bias: -1}},
	}
	m.A.Fill(func(_, i, k int) float32 { return c.a[i][k] })
	m.B.Fill(func(_, k, j int) float32 { return c.b[j][k] })
	return m
}

// Sums are made up in one order, to the bit: in every bucket, in every layout,
// with and without reductions across SIMD groups.
func TestOrderOfStrands(t *testing.T) {
	r := &rig{programs: libraries(t), schedule: msl.Forward}
	for _, types := range [][3]tensor.DType{
		{tensor.F32, tensor.F32, tensor.F32}, {tensor.F16, tensor.F32, tensor.F32}, {tensor.BF16, tensor.BF16, tensor.F32},
	} {
		g := rand.New(rand.NewPCG(1, 2))
		for _, k := range []int{1, 30, 256, 1000, 2304} {
			c := newStrandCase(g, types, 37, 1+g.IntN(18), k)
			for i := range kernels.Default {
				if row := &kernels.Default[i]; row.Family == kernels.FamilyGEMV || row.Family == kernels.FamilySmallN {
					c.check(t, r, row, types, g)
				}
			}
		}
	}
}

// check runs a kernel with A in each layout, B and C in any.
func (c *strandCase) check(t *testing.T, r *rig, row *kernels.Row, types [3]tensor.DType, g *rand.Rand) {
	strands := 16
	if row.Family == kernels.FamilyGEMV {
		strands = 32
	}
	anyLayout := func() kerneltest.Layout { return kerneltest.Layouts[g.IntN(len(kerneltest.Layouts))] }
	for _, layout := range kerneltest.Layouts {
		caps := apple
		caps.SIMDReduction = g.IntN(2) == 0
		m := c.in(types, layout, anyLayout(), anyLayout())
		key := m.Key(row, caps)
		require.NoError(t, r.dispatch(key, device.Dispatch{Matmul: bind(m)}))
		for i := range c.m {
			for j := range c.n {
				want := inStrands(c.a[i], c.b[j], strands, types[0].Size())
				require.Equal(t, math.Float32bits(want), m.C.Bits(0, i, j), "%v: element %d, %d of %v", key, i, j, m)
			}
		}
	}
}
