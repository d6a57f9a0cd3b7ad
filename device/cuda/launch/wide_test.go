package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/shaders"
)

// alongK is a product whose operands' neighbours lie along K.
func alongK(m, n, k uint32) *shaders.MatmulArguments {
	return &shaders.MatmulArguments{
		A: shaders.Matrix{Row: int64(k), Col: 1}, B: shaders.Matrix{Row: 1, Col: int64(k)},
		M: m, N: n, K: k, Batches: 1,
	}
}

// Where all wide tiles were measured, the fastest is taken.
func TestWideTilesAsMeasured(t *testing.T) {
	for _, c := range []struct {
		m, n, k       uint32
		mapped, plain string
	}{
		{4096, 32, 4096, "matmul_smalln_n32_mapped_low", "matmul_smalln_n32"},
		{4096, 64, 4096, "matmul_smalln_n32_mapped", "matmul_smalln_n32"},
		{9728, 32, 896, "matmul_smalln_n32_mapped_high", "matmul_smalln_n32"},
		{9728, 64, 896, "matmul_smalln_n32_mapped_high", "matmul_smalln_n32"},
		{151936, 32, 896, "matmul_smalln_n32_mapped_tall", "matmul_smalln_n32"},
		{151936, 64, 896, "matmul_smalln_n32_mapped_tall", "matmul_smalln_n64_tall"},
		{896, 64, 896, "matmul_smalln_n32_low", "matmul_smalln_n32_low"},
		{151936, 16, 896, "matmul_smalln_n16_tall", "matmul_smalln_n16_tall"},
	} {
		require.Equal(t, c.mapped, smallnPlainTile(true, alongK(c.m, c.n, c.k), h100).entry, "%+v", c)
		require.Equal(t, c.plain, smallnPlainTile(false, alongK(c.m, c.n, c.k), h100).entry, "%+v", c)
		require.Equal(t, c.plain, smallnPlainTile(true, alongK(c.m, c.n, c.k), GPU{Shared: most, Processors: 132}).entry, "%+v", c)
	}
}
