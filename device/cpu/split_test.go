package cpu

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestBalance plays how 1 to 64 threads draw blocks, each of which takes as
// long as it is large: threads must be at work for 85 % of the time.
func TestBalance(t *testing.T) {
	for _, threads := range []int{1, 2, 4, 8, 16, 32, 64} {
		for _, s := range []kernels.Shape{
			{M: 4096, N: 4096, K: 4096},
			{M: 1024, N: 1024, K: 1024},
			{M: 2048, N: 1100, K: 3000},
			{M: 151936, N: 32, K: 896},
			{M: 16384, N: 64, K: 4096},
			{M: 9728, N: 200, K: 896},
		} {
			if cpu.HasPanels() {
				p := productOf("matmul_simd", s)
				l := packed{product: p, part: cpu.NewPacked(&p.p, cpu.Block{M1: s.M, N1: s.N}, nil, nil)}
				l.split(threads)
				require.Greater(t, utilisation(s, l.rows, l.cols, threads), 0.85, "%v on %d threads: blocks of %dx%d", s, threads, l.rows, l.cols)
			}
			p := productOf("matmul_smalln_n16", s)
			p.split(threads)
			require.Greater(t, utilisation(s, p.rows, p.cols, threads), 0.85, "%v on %d threads: blocks of %dx%d", s, threads, p.rows, p.cols)
		}
		rows := softmax{total: 4096, elements: 4096 * 4096}
		blocks := rows.split(threads)
		require.Zero(t, (blocks-1)*rows.step/rows.total, "no block is empty")
		require.Greater(t, utilisation(kernels.Shape{M: rows.total, N: 1}, rows.step, 1, threads), 0.85, "softmax on %d threads", threads)
	}
}

// productOf describes a product without any memory.
func productOf(kernel string, s kernels.Shape) *product {
	mat := func(cols int) cpu.Mat { return cpu.Mat{Type: tensor.F32, RS: cols, CS: 1} }
	return &product{
		line: &pipeline{matmul: cpu.Matmuls[kernel]}, matrices: 1,
		p: cpu.Product{M: s.M, N: s.N, K: s.K, A: mat(s.K), B: mat(s.N), C: mat(s.N)},
	}
}

// utilisation returns which part of their time threads compute, when whoever
// is free draws the next block of C.
func utilisation(s kernels.Shape, rows, cols, threads int) float64 {
	busy := make([]int, threads)
	for m := 0; m < s.M; m += rows {
		for n := 0; n < s.N; n += cols {
			first := slices.Index(busy, slices.Min(busy))
			busy[first] += min(rows, s.M-m) * min(cols, s.N-n)
		}
	}
	return float64(s.M*s.N) / float64(threads*slices.Max(busy))
}
