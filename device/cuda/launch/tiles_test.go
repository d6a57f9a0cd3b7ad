package launch

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/shaders"
	"github.com/metallic-sched/metallic-sched/shaders/cuda"
)

// most is the shared memory of a block on an H100.
const most = 227 << 10

func TestSmallNTiles(t *testing.T) {
	half := kernels.Key{Kernel: "matmul_smalln_n1", A: tensor.F16, B: tensor.F16, C: tensor.F32}
	plain := kernels.Key{Kernel: "matmul_smalln_n1", A: tensor.F16, B: tensor.F32, C: tensor.F32}
	for _, c := range []struct {
		key  kernels.Key
		m, n uint32
		want string
	}{
		{half, 4096, 1, "matmul_smalln_n8"},
		{half, 896, 8, "matmul_smalln_n8"},
		{half, 4096, 9, "matmul_smalln_n16"},
		{half, 896, 17, "matmul_smalln_n32"},
		{half, 4096, 17, "matmul_smalln_n32_tall"},
		{half, 896, 64, "matmul_smalln_n32"},
		{half, 4096, 33, "matmul_smalln_n64"},
		{half, 4096, 1000, "matmul_smalln_n64"},
		{plain, 4096, 1, "matmul_smalln_n1"},
		{plain, 896, 5, "matmul_smalln_n8"},
		{plain, 4096, 5, "matmul_smalln_n8_high"},
		{plain, 9728, 8, "matmul_smalln_n8_tall"},
		{plain, 100, 9, "matmul_smalln_n16_low"},
		{plain, 4096, 16, "matmul_smalln_n16"},
		{plain, 151936, 10, "matmul_smalln_n16_tall"},
		{plain, 896, 64, "matmul_smalln_n32_low"},
		{plain, 4096, 32, "matmul_smalln_n32"},
		{plain, 4096, 64, "matmul_smalln_n32"},
		{plain, 151936, 32, "matmul_smalln_n32"},
		{plain, 151936, 64, "matmul_smalln_n64_tall"},
	} {
		require.Equal(t, c.want, smallnTile(c.key, &shaders.MatmulArguments{M: c.m, N: c.n, Batches: 1}, GPU{Shared: most, Processors: 132}).entry, "%dx%d", c.m, c.n)
	}
}

// A long K is cut into stretches, which clusters share where the GPU has them and
// lanes where columns are few.
func TestSmallNTilesOfALongK(t *testing.T) {
	plain := kernels.Key{Kernel: "matmul_smalln_n1", A: tensor.F32, B: tensor.F32, C: tensor.F32}
	for _, c := range []struct {
		n, k   uint32
		gpu    GPU
		want   string
		blocks int
	}{
		{1, 4096, h100, "matmul_smalln_n1", 28},
		{1, 4097, h100, "matmul_smalln_n1_long", 224},
		{2, 4097, GPU{Shared: most}, "matmul_smalln_n2_long", 224},
		{8, 4864, h100, "matmul_smalln_n8_by8", 14 * 8},
		{9, 4864, h100, "matmul_smalln_n16_by8", 14 * 8},
		{32, 4864, h100, "matmul_smalln_n32_by8", 14 * 8},
		{65, 4864, h100, "matmul_smalln_n64_by8", 14 * 2 * 8},
		{32, 4864, GPU{Shared: most}, "matmul_smalln_n32_low", 56},
	} {
		args := &shaders.MatmulArguments{M: 896, N: c.n, K: c.k, Batches: 1}
		got := smallnTile(plain, args, c.gpu)
		require.Equal(t, c.want, got.entry)
		require.Equal(t, c.blocks, got.grid(args, c.gpu).Blocks[0], c.want)
	}
}

// The sources and the tables here must have the same numbers.
func TestStrandTilesAreThoseOfTheSources(t *testing.T) {
	source, err := cuda.Source("smalln_clusters", cuda.Types{A: "f32", B: "f32", C: "f32"})
	require.NoError(t, err)
	found := map[string]tile{}
	for _, m := range regexp.MustCompile(`(?m)^SMALLN(_BY8)?\((\w+), (\d+), (\d+), (\d+), (\d+)\)$`).FindAllStringSubmatch(source, -1) {
		var n [4]int
		for i, s := range m[3:] {
			n[i], err = strconv.Atoi(s)
			require.NoError(t, err)
		}
		found[m[2]] = strandTile(m[2], n[0], n[1], n[2], n[3])
		if m[1] == "_BY8" {
			found[m[2]] = found[m[2]].inStretches()
		}
	}
	all := slices.Concat(smallnPlain[2:], tilesIn(smallnWide), smallnLong[2:])
	for _, want := range all {
		require.Equal(t, want, found[want.entry])
		require.LessOrEqual(t, want.shared, most)
	}
	require.Len(t, found, len(all))
	require.Contains(t, source, fmt.Sprintf("long_k = %d, long_stretches = %d", longK, longStretches))
}

// Blocks cover C: as many as it has tiles, and the kernels know each by its
// number.
func TestGridsCoverC(t *testing.T) {
	for _, all := range [][]tile{{gemv}, smallnTensor, smallnPlain, tilesIn(smallnWide), smallnLines, simdTensor, simdPlain, simdPanels, mlx} {
		for _, p := range all {
			for _, s := range [][2]uint32{{1, 1}, {896, 64}, {4097, 129}, {31, 33}} {
				args := &shaders.MatmulArguments{M: s[0], N: s[1], Batches: 3}
				g := p.grid(args, GPU{})
				down := (int(s[0]) + p.height - 1) / p.height
				last := g.Blocks[0] - 1
				what := fmt.Sprint(p.entry, s)
				require.Less(t, last%down*p.height, int(s[0]), what)
				require.Less(t, last/down*p.width, int(s[1]), what)
				require.GreaterOrEqual(t, down*p.height, int(s[0]), what)
				require.GreaterOrEqual(t, (last/down+1)*p.width, int(s[1]), what)
				require.Equal(t, 3, g.Blocks[2])
			}
		}
	}
}

// A key's tile is obeyed; without one large tiles are for large products.
func TestSizedTiles(t *testing.T) {
	key := kernels.Key{Kernel: "matmul_mlx", Tile: kernels.Tile{M: 64, N: 64}}
	small := &shaders.MatmulArguments{M: 1, N: 1, Batches: 1}
	require.Equal(t, "matmul_mlx", mlxTile(key, small, GPU{Shared: most}).entry)
	require.Equal(t, "matmul_mlx_small", mlxTile(kernels.Key{}, small, GPU{Shared: most}).entry)
	require.Equal(t, "matmul_mlx", mlxTile(kernels.Key{}, &shaders.MatmulArguments{M: 4096, N: 4096, Batches: 1}, GPU{Shared: most}).entry)
	require.Equal(t, "matmul_mlx_small", mlxTile(kernels.Key{}, &shaders.MatmulArguments{M: 1 << 20, N: 9, Batches: 1}, GPU{Shared: most}).entry)
}

// Products of f32 have tiles of their own, whatever their layouts.
func TestTilesOfSingles(t *testing.T) {
	key := kernels.Key{Kernel: "matmul_simd", A: tensor.F32, B: tensor.F32, C: tensor.F32}
	args := &shaders.MatmulArguments{M: 4096, N: 4096, Batches: 1}
	for _, gpu := range []GPU{h100, {Shared: 99 << 10}} {
		require.Equal(t, simdPanels[1], simdTile(key, args, gpu))
	}
	require.Equal(t, simdPanels[0], simdTile(key, args, GPU{Shared: 64 << 10}))
	key.A = tensor.F16
	require.Equal(t, simdPlain[1], simdTile(key, args, h100))
}

// A GPU with less shared memory does without the largest tiles.
func TestTilesFitIntoSharedMemory(t *testing.T) {
	key := kernels.Key{Kernel: "matmul_simd", A: tensor.F16, B: tensor.F16, C: tensor.F16}
	args := &shaders.MatmulArguments{M: 8192, N: 8192, Batches: 1}
	require.Equal(t, "matmul_simd_wide", simdTile(key, args, GPU{Shared: most}).entry)
	require.Equal(t, "matmul_simd", simdTile(key, args, GPU{Shared: 99 << 10}).entry)
	for _, k := range smallnTensor {
		require.LessOrEqual(t, k.shared, 99<<10, k.entry)
	}
	for n := range uint32(100) {
		for _, m := range []uint32{1, 4096, 151936} {
			got := smallnPlainTile(false, &shaders.MatmulArguments{M: m, N: n + 1, Batches: 1}, GPU{Shared: 99 << 10, Processors: 84})
			require.LessOrEqual(t, got.shared, 99<<10, got.entry)
		}
	}
}
