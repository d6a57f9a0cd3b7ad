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

var single = kernels.Key{Kernel: "matmul_smalln_n16", A: tensor.F32, B: tensor.F32, C: tensor.F32}

// Mapped tiles are for an A that a map describes and a B along K, without a remainder
// of it.
func TestMappedTilesNeedMaps(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*shaders.MatmulArguments)
		mapped bool
	}{
		{"nothing", func(*shaders.MatmulArguments) {}, true},
		{"B at an odd place", func(a *shaders.MatmulArguments) { a.B.Offset, a.B.Col = 3, 4099 }, true},
		{"one matrix for all", func(a *shaders.MatmulArguments) { a.Batches, a.B.Batch = 3, 64*4096 }, true},
		{"no K", func(a *shaders.MatmulArguments) { a.K = 0 }, false},
		{"a remainder", func(a *shaders.MatmulArguments) { a.K = 4064 }, false},
		{"A along M", func(a *shaders.MatmulArguments) { a.A.Row, a.A.Col = 1, 4096 }, false},
		{"B along N", func(a *shaders.MatmulArguments) { a.B.Row, a.B.Col = 64, 1 }, false},
		{"A at an odd place", func(a *shaders.MatmulArguments) { a.A.Offset = 2 }, false},
		{"odd rows", func(a *shaders.MatmulArguments) { a.A.Row++ }, false},
		{"odd matrices", func(a *shaders.MatmulArguments) { a.Batches, a.A.Batch = 3, 4096*4096+1 }, false},
	} {
		args := alongK(4096, 64, 4096)
		c.change(args)
		require.Equal(t, c.mapped, smallnTile(single, args, h100).mapped, c.what)
	}
	require.False(t, smallnTile(single, alongK(4096, 64, 4096), GPU{Shared: most, Processors: 132}).mapped, "another GPU")
	mixed := single
	mixed.A = tensor.F16
	require.False(t, smallnTile(mixed, alongK(4096, 64, 4096), h100).mapped, "f16 with f32")
}

// A map of f32 is one of twice as many halves.
func TestMapsOfSingles(t *testing.T) {
	args := alongK(100, 64, 192)
	args.Batches, args.A.Batch, args.A.Offset = 3, 20000, 8
	require.Equal(t, Map{
		Used: true, Needed: true, First: 8 * 4,
		Dims: [3]uint64{2 * 192, 100, 3}, Strides: [2]uint64{4 * 192, 4 * 20000}, Box: [3]uint32{64, 80, 1},
	}, mapOfSingles(args, 80))
}

// Of a long K clusters share the sums.
func TestMappedTilesOfALongK(t *testing.T) {
	for n, want := range map[uint32]string{
		16: "matmul_smalln_n16_by8", 17: "matmul_smalln_n32_mapped_by8", 32: "matmul_smalln_n32_mapped_by8",
		33: "matmul_smalln_n64_mapped_by8", 200: "matmul_smalln_n64_mapped_by8",
	} {
		args := alongK(896, n, 4864)
		got := smallnTile(single, args, h100)
		require.Equal(t, want, got.entry)
		require.Equal(t, 14*max(1, ceil(n, 64))*8, got.grid(args, h100).Blocks[0], want)
	}
	require.Equal(t, "matmul_smalln_n64_by8", smallnTile(single, alongK(896, 64, 4868), h100).entry)
}

// Blocks of whole sums take one tile after another.
func TestMappedGrids(t *testing.T) {
	require.Equal(t, 128, smallnTile(single, alongK(4096, 64, 4096), h100).grid(alongK(4096, 64, 4096), h100).Blocks[0])
	require.Equal(t, 132, smallnTile(single, alongK(151936, 64, 896), h100).grid(alongK(151936, 64, 896), h100).Blocks[0])
}

// The sources and the tables here must have the same numbers.
func TestMappedTilesAreThoseOfTheSources(t *testing.T) {
	source, err := cuda.Source("smalln_clusters", cuda.Types{A: "f32", B: "f32", C: "f32"})
	require.NoError(t, err)
	found := map[string]tile{}
	for _, m := range regexp.MustCompile(`(?m)^SMALLN_MAPPED(_BY8)?\((\w+), (\d+), (\d+), (\d+)\)$`).FindAllStringSubmatch(source, -1) {
		var n [3]int
		for i, s := range m[3:] {
			n[i], err = strconv.Atoi(s)
			require.NoError(t, err)
		}
		found[m[2]] = mappedTile(m[2], n[0], n[1], n[2])
		if m[1] == "_BY8" {
			found[m[2]] = found[m[2]].inStretches()
		}
	}
	all := slices.Concat(tilesIn(smallnMapped[len(smallnWide):]), smallnMappedLong)
	for _, want := range all {
		require.Equal(t, want, found[want.entry])
		require.LessOrEqual(t, want.shared, most)
	}
	require.Len(t, found, len(all))
	require.Contains(t, source, fmt.Sprintf("#define CARRIER_THREADS %d\n", carriers))
}
