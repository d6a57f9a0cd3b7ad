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
		m, n, k uint32
		want    string
	}{
		{4096, 32, 4096, "matmul_smalln_n32_carried"},
		{4096, 64, 4096, "matmul_smalln_n32_tall"},
		{9728, 32, 896, "matmul_smalln_n32_carried"},
		{9728, 64, 896, "matmul_smalln_n32"},
		{151936, 32, 896, "matmul_smalln_n32_tall"},
		{151936, 64, 896, "matmul_smalln_n64_tall"},
		{896, 64, 896, "matmul_smalln_n32_low"},
		{151936, 16, 896, "matmul_smalln_n16_tall"},
	} {
		require.Equal(t, c.want, smallnPlainTile(alongK(c.m, c.n, c.k), h100).entry, "%+v", c)
	}
}

// Carriers are for copies of 16 bytes alone.
func TestCarriersNeedNeighboursAlongK(t *testing.T) {
	const with, without = "matmul_smalln_n32_tall", "matmul_smalln_n32"
	old := GPU{Shared: 163 << 10, Processors: 128}
	for _, c := range []struct {
		what   string
		change func(*shaders.MatmulArguments)
		gpu    GPU
		want   string
	}{
		{"nothing", func(*shaders.MatmulArguments) {}, h100, with},
		{"no K", func(a *shaders.MatmulArguments) { a.K = 0 }, h100, with},
		{"a remainder", func(a *shaders.MatmulArguments) { a.K = 4032 }, h100, without},
		{"A along M", func(a *shaders.MatmulArguments) { a.A.Row, a.A.Col = 1, 4096 }, h100, without},
		{"B along N", func(a *shaders.MatmulArguments) { a.B.Row, a.B.Col = 64, 1 }, h100, without},
		{"odd rows", func(a *shaders.MatmulArguments) { a.A.Row++ }, h100, without},
		{"odd columns", func(a *shaders.MatmulArguments) { a.B.Col += 2 }, h100, without},
		{"another GPU", func(*shaders.MatmulArguments) {}, old, with},
		{"whole stretches", func(a *shaders.MatmulArguments) { a.K = 5 * 1024 }, old, with},
		{"a remainder in each stretch", func(a *shaders.MatmulArguments) { a.K = 4096 + 128 }, old, without},
		{"little memory", func(*shaders.MatmulArguments) {}, GPU{Shared: 99 << 10, Processors: 128}, without},
	} {
		args := alongK(4096, 64, 4096)
		c.change(args)
		require.Equal(t, c.want, smallnPlainTile(args, c.gpu).entry, c.what)
	}
}
