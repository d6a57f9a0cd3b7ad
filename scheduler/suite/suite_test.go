package suite

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

var nameForm = regexp.MustCompile(`^Benchmark[A-Z][A-Za-z]*(/[a-z]+=[a-z0-9_.]+)+$`)

func TestNamesAreUniqueAndWellFormed(t *testing.T) {
	for _, s := range All() {
		require.NotEmpty(t, s.About)
		found, err := Find(s.Name)
		require.NoError(t, err)
		require.Equal(t, s, found)
		seen := map[string]bool{}
		for _, c := range s.Cases {
			name := c.Name()
			require.False(t, seen[name], name)
			require.Regexp(t, nameForm, name)
			seen[name] = true
		}
	}
	_, err := Find("matmul")
	require.ErrorContains(t, err, `"matmul"; allowed: matmul_dispatcher, `)
}

// Cases of equal Works stand in a row: they share operands.
func TestWorksAreInARow(t *testing.T) {
	for _, s := range All() {
		ended := map[Work]bool{}
		for i, c := range s.Cases {
			require.False(t, ended[c.Work], c.Name())
			if i+1 < len(s.Cases) && s.Cases[i+1].Work != c.Work {
				ended[c.Work] = true
			}
		}
	}
}

// Every suite is a Go benchmark of the same name.
func TestSuitesAreGoBenchmarks(t *testing.T) {
	text, err := os.ReadFile("bench_test.go")
	require.NoError(t, err)
	for _, s := range All() {
		require.Contains(t, string(text), "func Benchmark"+camel(s.Name)+"(b *testing.B)")
		require.Contains(t, string(text), "run(b, \""+s.Name+"\")")
	}
}

func backendsOf(s Suite, w Work) (list []Backend) {
	for _, c := range s.Cases {
		if c.Work == w {
			list = append(list, c.Backend)
		}
	}
	return list
}

// Every line of the table is measured, in both types, by each backend.
func TestMatmulSuitesAreComplete(t *testing.T) {
	all := map[string]int{"matmul_dispatcher_smalln": 5, "matmul_dispatcher_tuning": 7, "matmul_dispatcher_qwen": 6}
	dispatcher, smallN := matmulDispatcher(), matmulSmallN()
	for name, count := range all {
		lines := shapes(name)
		require.Len(t, lines, count, name)
		for _, l := range lines {
			for _, dt := range []tensor.DType{tensor.F16, tensor.F32} {
				w := Matmul{Batch: 1, M: l.m, K: l.k, N: l.n, DType: dt, Loaded: "a", Alpha: 1}
				wanted := []Backend{Auto, SmallN, SIMD, MLX, MPS, GEMV}
				if l.n > 16 {
					wanted = slices.Delete(wanted, 1, 2)
				}
				switch name {
				case "matmul_dispatcher_tuning":
					require.Equal(t, wanted, backendsOf(dispatcher, w), "%+v", w)
				case "matmul_dispatcher_qwen":
					w.Loaded = "none"
					require.Equal(t, wanted, backendsOf(dispatcher, w), "%+v", w)
					w.Loaded = "b"
					require.Equal(t, []Backend{Auto, SmallN, SIMD, MLX, MPS, GEMV}, backendsOf(dispatcher, w), "%+v", w)
				default:
					for _, f := range [][2]float32{{1, 0}, {2.5, 0}, {1, 1}, {2.5, 1.5}} {
						w.Alpha, w.Beta = f[0], f[1]
						require.Equal(t, wanted, backendsOf(smallN, w), "%+v", w)
					}
				}
			}
		}
	}
	count := 2 * (5*6 + 2*5 + 5*5 + 6 + 6*6) // and no others
	require.Len(t, dispatcher.Cases, count)
	require.Len(t, smallN.Cases, 2*(5*4*6+4))
}

func TestSoftmaxSuiteIsComplete(t *testing.T) {
	s := softmaxDispatcher()
	require.Len(t, s.Cases, 3*11*2*2*4)
	for _, rows := range []int{1, 64, 4096} {
		for _, cols := range []int{32, 255, 256, 767, 768, 1023, 1024, 1279, 2048, 8192, 32768} {
			for _, causal := range []bool{false, true} {
				for _, dt := range []tensor.DType{tensor.F16, tensor.F32} {
					w := Softmax{Rows: rows, Cols: cols, DType: dt, Causal: causal}
					require.Equal(t, []Backend{Auto, Vec, Block, Legacy}, backendsOf(s, w))
				}
			}
		}
	}
}

func TestSDPAIsComplete(t *testing.T) {
	s := sdpa()
	require.Len(t, s.Cases, 2*5*2*2*5)
	for _, size := range [][2]int{{1, 512}, {1, 2048}, {128, 128}, {512, 512}, {2048, 2048}} {
		for n := range 8 {
			w := Attention{Heads: 14, Rows: size[0], Keys: size[1], Dim: 64, DType: tensor.F16, Causal: n&1 != 0, Apart: n&2 != 0}
			if n&4 != 0 {
				w.DType = tensor.F32
			}
			require.Equal(t, []Backend{Auto, SIMD, MLX, MPS, GEMV}, backendsOf(s, w))
		}
	}
}

func TestMLXVsMPSIsComplete(t *testing.T) {
	s := mlxVsMPS()
	require.Len(t, s.Cases, (19+6)*2*2)
	for _, w := range []Matmul{
		{Op: "lm_head", Batch: 1, M: 1, K: 896, N: 151936, TransB: true, Loaded: "b", Alpha: 1},
		{Op: "attn_qkv", Batch: 1, M: 1, K: 896, N: 1152, Bias: true, Loaded: "b", Alpha: 1},
		{Op: "attn_scores", Batch: 14, M: 1, K: 64, N: 90, TransB: true, Loaded: "none", Alpha: 0.125},
		{Op: "attn_values", Batch: 14, M: 1, K: 95, N: 64, Loaded: "none", Alpha: 1},
		{Batch: 1, M: 2048, K: 2048, N: 2048, Loaded: "a", Alpha: 1},
	} {
		for _, w.DType = range []tensor.DType{tensor.F16, tensor.F32} {
			require.Equal(t, []Backend{MLX, MPS}, backendsOf(s, w), "%+v", w)
		}
	}
}
