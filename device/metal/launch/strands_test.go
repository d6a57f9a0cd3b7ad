package launch_test

import (
	"fmt"
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

// strandTypes are types of A, B and C with pieces of every length.
var strandTypes = [][3]tensor.DType{
	{tensor.F32, tensor.F32, tensor.F32}, {tensor.F16, tensor.F32, tensor.F32}, {tensor.BF16, tensor.BF16, tensor.F32},
}

// strandRows are the kernels that add up in strands.
func strandRows() (rows []*kernels.Row) {
	for i := range kernels.Default {
		if row := &kernels.Default[i]; row.Family == kernels.FamilyGEMV || row.Family == kernels.FamilySmallN {
			rows = append(rows, row)
		}
	}
	return rows
}

// Sums are made up in one order, to the bit: in every bucket, in every layout,
// with and without reductions across SIMD groups.
func TestOrderOfStrands(t *testing.T) {
	onceUnderRace(t)
	r := &rig{programs: libraries(t), schedule: msl.Forward}
	for _, types := range strandTypes {
		g := rand.New(rand.NewPCG(1, 2))
		for _, k := range []int{1, 30, 256, 1000, 2304} {
			c := newStrandCase(g, types, 37, 1+g.IntN(18), k)
			for _, row := range strandRows() {
				require.NoError(t, c.check(r, row, types, g))
			}
		}
	}
}

// check runs a kernel with A in each layout, B and C in any.
func (c *strandCase) check(r *rig, row *kernels.Row, types [3]tensor.DType, g *rand.Rand) error {
	anyLayout := func() kerneltest.Layout { return kerneltest.Layouts[g.IntN(len(kerneltest.Layouts))] }
	for _, layout := range kerneltest.Layouts {
		caps := apple
		caps.SIMDReduction = g.IntN(2) == 0
		m := c.in(types, layout, anyLayout(), anyLayout())
		key := m.Key(row, caps)
		if err := r.dispatch(key, device.Dispatch{Matmul: bind(m)}); err != nil {
			return fmt.Errorf("%v, %v: %w", key, m, err)
		}
		if err := c.compare(m, row, types[0]); err != nil {
			return fmt.Errorf("%v, %v: %w", key, m, err)
		}
	}
	return nil
}

func (c *strandCase) compare(m *kerneltest.Matmul, row *kernels.Row, a tensor.DType) error {
	strands := 16
	if row.Family == kernels.FamilyGEMV {
		strands = 32
	}
	for i := range c.m {
		for j := range c.n {
			want := inStrands(c.a[i], c.b[j], strands, a.Size())
			if got := m.C.Bits(0, i, j); got != math.Float32bits(want) {
				return fmt.Errorf("element %d, %d is %v; want %v", i, j, math.Float32frombits(got), want)
			}
		}
	}
	return nil
}

// Mistakes that the sums of other tests are too short for, or that leave a sum
// right but for its rounding.
func TestStrandTwins(t *testing.T) {
	onceUnderRace(t)
	programs := sanitized(t, msl.None)
	const stretch = "    threadgroup_barrier(mem_flags::mem_threadgroup); // the stretch before was used\n"
	for _, w := range []twin{
		{kernel: "matmul_smalln_n8", mistake: "a stretch is overwritten", text: stretch, n: 1},
		{kernel: "matmul_smalln_n8", mistake: "a transposed stretch is overwritten", text: stretch, n: 2},
		{kernel: "matmul_smalln_n1", mistake: "pairs are not of neighbours", text: "sums[2 * s] + sums[2 * s + 1]", instead: "sums[s] + sums[s + Strands / 2]"},
		{kernel: "matmul_gemv", mistake: "pieces are dealt otherwise", text: "k = lane * length", instead: "k = lane * 5 % STRANDS * length"},
		{kernel: "matmul_gemv", mistake: "products are added backwards", text: "fma(a.w, b.w, fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, sum))))", instead: "fma(a.x, b.x, fma(a.y, b.y, fma(a.z, b.z, fma(a.w, b.w, sum))))"},
	} {
		t.Run(w.kernel+" "+w.mistake, func(t *testing.T) {
			r := &rig{programs: programs, schedule: msl.Random(1), edit: func(source string) string { return w.apply(t, source) }}
			g := rand.New(rand.NewPCG(3, 4))
			err := newStrandCase(g, strandTypes[0], 37, 3, 4300).check(r, kernels.Default.Find(w.kernel), strandTypes[0], g)
			require.Error(t, err)
			t.Log(err)
		})
	}
}
