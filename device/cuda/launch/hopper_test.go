package launch

import (
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/shaders"
	"github.com/metallic-sched/metallic-sched/shaders/cuda"
)

var (
	h100   = GPU{Shared: most, Processors: 132, Hopper: true}
	halves = kernels.Key{Kernel: "matmul_smalln_n1", A: tensor.F16, B: tensor.F16, C: tensor.F32}
)

// Kernels for Hopper are for its tensor cores or for its clusters.
func TestFilesForHopper(t *testing.T) {
	for _, c := range []struct {
		a, b tensor.DType
		gpu  GPU
		want string
	}{
		{tensor.F16, tensor.F16, h100, "smalln_hopper"},
		{tensor.F16, tensor.F32, h100, "smalln_clusters"},
		{tensor.F32, tensor.F32, h100, "smalln_clusters"},
		{tensor.F32, tensor.F32, GPU{Shared: most}, "smalln"},
		{tensor.BF16, tensor.BF16, GPU{Shared: most}, "smalln"},
	} {
		k, err := Compile(kernels.Key{Kernel: "matmul_smalln_n4", A: c.a, B: c.b, C: c.b}, c.gpu)
		require.NoError(t, err)
		require.Equal(t, c.want, k.File)
	}
}

// The strands of a sum must not depend on anything but K.
func TestSmallNTilesOnHopper(t *testing.T) {
	for _, c := range []struct {
		m, n, k uint32
		want    string
	}{
		{4096, 1, 896, "matmul_smalln_n8"},
		{4096, 33, 1024, "matmul_smalln_n64"},
		{151936, 16, 896, "matmul_smalln_n16"},
		{151936, 17, 896, "matmul_smalln_n32_tall"},
		{151936, 500, 896, "matmul_smalln_n64_tall"},
		{151936, 500, 1025, "matmul_smalln_n64_by4"},
		{4096, 64, 4096, "matmul_smalln_n64_by4"},
		{1024, 64, 4096, "matmul_smalln_n64_by4"},
		{1024, 64, 14336, "matmul_smalln_n64_by8"},
		{64, 9, 4096, "matmul_smalln_n16_by4"},
		{64, 9, 4097, "matmul_smalln_n16_by8"},
	} {
		require.Equal(t, c.want, smallnTile(halves, &shaders.MatmulArguments{M: c.m, N: c.n, K: c.k}, h100).entry)
	}
	strands := map[uint32]int{}
	for _, m := range []uint32{1, 1000, 200000} {
		for _, n := range []uint32{1, 8, 9, 64, 256} {
			for _, k := range []uint32{1, 1024, 1025, 4096, 4097, 1 << 20} {
				got := smallnTile(halves, &shaders.MatmulArguments{M: m, N: n, K: k}, h100).strands
				want, known := strands[k]
				require.True(t, !known || got == want, "%dx%dx%d", m, n, k)
				strands[k] = got
			}
		}
	}
}

// The sources and the tables here must have the same numbers: of shared
// memory above all.
func TestHopperTilesAreThoseOfTheSources(t *testing.T) {
	entry := regexp.MustCompile(`(?m)^(?:SIMD|SMALLN)\((\w+), (\d+), (\d+), (\d+)(?:, (\d+))?\)$`)
	for _, file := range []string{"simd_hopper", "smalln_hopper"} {
		types := cuda.Types{A: "f16", B: "f16", C: "f16"}
		source, err := cuda.Source(file, types)
		require.NoError(t, err)
		found := map[string]tile{}
		for _, m := range entry.FindAllStringSubmatch(source, -1) {
			n := [4]int{3: 1}
			for i, s := range m[2:] {
				if s != "" {
					n[i], err = strconv.Atoi(s)
					require.NoError(t, err)
				}
			}
			found[m[1]] = hopperTile(m[1], n[0], n[1], n[2], n[3], 0)
		}
		all := tilesOf(file, types)
		require.Len(t, found, len(all))
		for _, want := range all {
			got := found[want.entry]
			got.resident = want.resident
			require.Equal(t, want, got)
			require.LessOrEqual(t, max(1, want.resident)*want.shared, most, want.entry)
		}
	}
}

// Blocks of whole sums are as many as the GPU has room for; those that share
// sums come in clusters, one for each tile.
func TestHopperGrids(t *testing.T) {
	args := &shaders.MatmulArguments{M: 4096, N: 16, K: 4096, Batches: 3}
	require.Equal(t, 64*3*4, smallnTile(halves, args, h100).grid(args, h100).Blocks[0])
	args.K = 512
	require.Equal(t, 64*3, smallnTile(halves, args, h100).grid(args, h100).Blocks[0])
	args.M, args.N = 1<<20, 64
	require.Equal(t, h100.Processors, smallnTile(halves, args, h100).grid(args, h100).Blocks[0])
}
