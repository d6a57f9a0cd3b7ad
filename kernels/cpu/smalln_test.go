package cpu_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestPanelConformance gives the small-N kernels their A in panels as well, of
// a matrix that has other rows before and after, and wants the bits that they
// give without.
func TestPanelConformance(t *testing.T) {
	var smalln kernels.Catalog
	for _, row := range kernels.Default {
		if row.Family == kernels.FamilySmallN {
			smalln = append(smalln, row)
		}
	}
	require.Len(t, smalln, 5)
	eachLevel(t, func(t *testing.T) {
		if !cpu.HasPanels() {
			t.Log("NOT TESTED: no panels")
			return
		}
		r := runner{scratch: new(cpu.Scratch)}
		kerneltest.Exercise(t, kerneltest.Implementation{Catalog: smalln, Caps: kernels.Caps{SIMDWidth: 1}, Matmul: r.both})
	})
}

// both runs a case without panels and with them.
func (r runner) both(t testing.TB, key kernels.Key, m *kerneltest.Matmul) {
	before := append([]byte(nil), m.C.Memory...)
	r.matmul(t, key, m)
	without := append([]byte(nil), m.C.Memory...)
	copy(m.C.Memory, before)
	p := productOf(m)
	p.Panels = panelsOf(m.A.View, rand.IntN(cpu.PanelRows))
	p.ID = rand.Uint64()
	r.blocks(cpu.Matmuls[key.Kernel], p, m.Shape.Batch)
	require.Equal(t, without, m.C.Memory, "%v", m)
}

// panelsOf packs a batch of matrices, each as the rows from first on of one
// that goes on after them. What the others hold is NaN.
func panelsOf(v tensor.View, first int) cpu.Panels {
	k, rows := v.Cols(), v.Rows()
	p := cpu.Panels{Row: first, Stride: cpu.PanelBytes(v.DType(), k)}
	count := (first + rows + cpu.PanelRows) / cpu.PanelRows
	p.BS = count * p.Stride
	memory := make([]uint64, v.Matrices()*p.BS/8+1)
	for i := range memory {
		memory[i] = ^uint64(0)
	}
	p.Ptr = unsafe.Pointer(&memory[0])
	for b := range v.Matrices() {
		// A copy with NaN rows before it; all panels but the last are full.
		o := kerneltest.NewOperand(v.DType(), tensor.Dims{1, count * cpu.PanelRows, k}, kerneltest.RowMajor, false)
		for i := range rows {
			for j := range k {
				o.View.SetValue(0, first+i, j, v.Value(b, i, j))
			}
		}
		a := mat(o.View)
		for q := range count {
			at := unsafe.Add(p.Ptr, b*p.BS+q*p.Stride)
			part := mat(o.View.Slice(q*cpu.PanelRows, (q+1)*cpu.PanelRows, 0, k))
			part.BS, part.RS = a.BS, a.RS
			cpu.PackPanel(at, part, cpu.PanelRows, k)
		}
	}
	return p
}

// TestLevelsAgree computes one product at every level with generated
// functions: they promise the same bits as each other.
func TestLevelsAgree(t *testing.T) {
	s := kernels.Shape{Batch: 1, M: 131, N: 21, K: 1111}
	rng := rand.New(rand.NewPCG(3, 4))
	a, b := make([]float32, s.M*s.K), make([]float32, s.K*s.N)
	for _, xs := range [][]float32{a, b} {
		for i := range xs {
			xs[i] = float32(rng.NormFloat64())
		}
	}
	for name := range cpu.Matmuls {
		if !strings.Contains(name, "smalln") && !strings.Contains(name, "gemv") {
			continue
		}
		var first []uint32
		for _, l := range cpu.Levels()[1:] {
			restore := cpu.Use(l)
			m := product(s, kerneltest.RowMajor, kerneltest.ColumnMajor, a, b)
			runner{new(cpu.Scratch)}.matmul(t, kernels.Key{Kernel: name}, m)
			restore()
			bits := bitsOf(m.C)
			if first == nil {
				first = bits
			}
			require.Equal(t, first, bits, "%s: %v", name, l)
		}
	}
}

// TestFusedChain compares small-N results with the sum as it is documented.
func TestFusedChain(t *testing.T) {
	if !cpu.HasPanels() {
		t.Skip("NOT TESTED: the portable kernels round every product; run it on amd64 with AVX2, without -tags noasm")
	}
	for _, n := range []int{1, 2, 3, 5, 8, 17} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := kernels.Shape{Batch: 1, M: 50, N: n, K: 777}
			rng := rand.New(rand.NewPCG(5, uint64(n)))
			a, b := make([]float32, s.M*s.K), make([]float32, s.K*s.N)
			for _, xs := range [][]float32{a, b} {
				for i := range xs {
					xs[i] = float32(rng.NormFloat64())
				}
			}
			m := product(s, kerneltest.RowMajor, kerneltest.RowMajor, a, b)
			runner{new(cpu.Scratch)}.matmul(t, kernels.Key{Kernel: "matmul_smalln_n16"}, m)
			for i := range s.M {
				for j := range s.N {
					require.Equal(t, fusedDot(a[i*s.K:(i+1)*s.K], b[j:], s.N), m.C.View.Value(0, i, j), "(%d, %d)", i, j)
				}
			}
		})
	}
}

// fusedDot is a dot product in float32, one fused multiplication and addition
// after the other.
func fusedDot(a, b []float32, step int) (sum float32) {
	for k, x := range a {
		sum = fused(x, b[k*step], sum)
	}
	return sum
}

// fused returns x*y + z, rounded to float32 once: the double sum is rounded to
// odd first, which keeps what the second rounding must know.
func fused(x, y, z float32) float32 {
	product := float64(x) * float64(y) // exact
	sum := product + float64(z)
	part := sum - product
	lost := (product - (sum - part)) + (float64(z) - part)
	if bits := math.Float64bits(sum); lost != 0 && bits&1 == 0 {
		if (lost > 0) == (sum > 0) {
			return float32(math.Float64frombits(bits + 1))
		}
		return float32(math.Float64frombits(bits - 1))
	}
	return float32(sum)
}
