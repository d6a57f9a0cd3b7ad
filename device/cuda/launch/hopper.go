package launch

import (
	"github.com/metallic-sched/metallic-sched/shaders"
	"github.com/metallic-sched/metallic-sched/shaders/cuda"
)

// Files with another for Hopper beside them: for products of tensor cores, and for
// the others.
var (
	hopperFiles  = map[string]string{"simd": "simd_hopper", "smalln": "smalln_hopper"}
	clusterFiles = map[string]string{"smalln": "smalln_clusters"}
)

// fileOf returns the source of a kernel. It depends on the GPU and the types,
// not on the product, since files may differ in the order of their sums.
func fileOf(file string, t cuda.Types, gpu GPU) string {
	others := clusterFiles
	if cuda.TensorCores(t) {
		others = hopperFiles
	}
	if other, ok := others[file]; ok && gpu.Hopper {
		return other
	}
	return file
}

// The numbers here are those of the sources: groups of warps that multiply,
// columns, tiles in shared memory, strands of a sum, and how many blocks a
// processor has room for.
var (
	simdHopper = []tile{
		hopperTile("matmul_simd_small", 1, 64, 5, 1, 2),
		hopperTile("matmul_simd", 2, 128, 6, 1, 1),
		hopperTile("matmul_simd_wide", 2, 256, 4, 1, 1),
	}
	// Tall ones are for tall matrices.
	smallnWhole = []tile{
		hopperTile("matmul_smalln_n8", 1, 8, 6, 1, 3),
		hopperTile("matmul_smalln_n16", 1, 16, 6, 1, 3),
		hopperTile("matmul_smalln_n32", 1, 32, 6, 1, 2),
		hopperTile("matmul_smalln_n64", 1, 64, 5, 1, 2),
		hopperTile("matmul_smalln_n32_tall", 2, 32, 8, 1, 1),
		hopperTile("matmul_smalln_n64_tall", 2, 64, 7, 1, 1),
	}
	smallnBy4 = []tile{
		hopperTile("matmul_smalln_n8_by4", 1, 8, 6, 4, 0),
		hopperTile("matmul_smalln_n16_by4", 1, 16, 6, 4, 0),
		hopperTile("matmul_smalln_n32_by4", 1, 32, 5, 4, 0),
		hopperTile("matmul_smalln_n64_by4", 1, 64, 3, 4, 0),
	}
	smallnBy8 = []tile{
		hopperTile("matmul_smalln_n8_by8", 1, 8, 6, 8, 0),
		hopperTile("matmul_smalln_n16_by8", 1, 16, 6, 8, 0),
		hopperTile("matmul_smalln_n32_by8", 1, 32, 5, 8, 0),
		hopperTile("matmul_smalln_n64_by8", 1, 64, 3, 8, 0),
	}
)

// hopperTile is 64 lines for each group and one group more, the carrier. Shared
// memory has tiles 64 deep in 16 bits, the sums of a group's part in f32, two
// barriers for each tile, and what it takes to begin at a multiple of 1024.
func hopperTile(entry string, groups, cols, stages, strands, resident int) tile {
	const deep, part = 64, 32
	sums := 64 * (part + 8) * 4
	if cols == 64 {
		sums = 64 * (64 + 4) * 4
	}
	return tile{
		entry: entry, height: 64 * groups, width: cols, threads: 128 * (groups + 1),
		shared:  stages*(64*groups+cols)*deep*2 + groups*sums + 2*8*stages + 1024,
		strands: strands, resident: resident, mapped: true,
	}
}

// smallnHopperTile takes the narrowest tile that holds all columns, and a tall
// one, which reads B less often, if there are enough of them. K alone decides on
// the strands: short sums are whole, and long ones are shared by more blocks,
// without which few would be at work.
func smallnHopperTile(args *shaders.MatmulArguments, gpu GPU) tile {
	all := smallnWhole
	switch {
	case args.K > 4096:
		all = smallnBy8
	case args.K > 1024:
		all = smallnBy4
	}
	best := all[0]
	for _, t := range all[1:] {
		tall := t.height > all[0].height
		wider := t.width > best.width && int(args.N) > best.width
		taller := t.width == best.width && ceil(args.M, t.height) >= 2*gpu.Processors
		if wider && !tall || taller && tall {
			best = t
		}
	}
	return best
}
