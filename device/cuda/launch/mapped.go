package launch

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/shaders"
)

// Wide tiles of f32 for Hopper, whose A a map describes; those of smallnWide are beside
// them for operands that no map describes.
var (
	smallnMapped = append(slices.Clone(smallnWide),
		wideTile{tile: mappedTile("matmul_smalln_n32_mapped_low", 4, 8, 6), blocksEach: 1, round: 44, last: 44},
		wideTile{tile: mappedTile("matmul_smalln_n32_mapped", 8, 8, 5), blocksEach: 1, round: 65, last: 65},
		wideTile{tile: mappedTile("matmul_smalln_n32_mapped_high", 10, 8, 4), blocksEach: 1, round: 77, last: 77},
		wideTile{tile: mappedTile("matmul_smalln_n32_mapped_tall", 12, 8, 3), blocksEach: 1, round: 92, last: 92},
	)
	// For a long K, by width.
	smallnMappedLong = []tile{
		mappedTile("matmul_smalln_n32_mapped_by8", 8, 8, 5).inStretches(),
		mappedTile("matmul_smalln_n64_mapped_by8", 8, 16, 4).inStretches(),
	}
)

// carriers are threads that only copy.
const carriers = 128

// mappedTile has the memory of some tiles of A and, with padding, of B, in f32; that
// of eight strands' sums of 32 columns; a barrier for each tile, and what it takes to
// begin at a multiple of 1024.
func mappedTile(entry string, down, right, stages int) tile {
	const deep = 64
	height, width := 8*down, 4*right
	return tile{
		entry: entry, height: height, width: width, threads: 256 + carriers,
		shared:  stages*deep*(height+width+4)*4 + 8*height*32*4 + 8*stages + 1024,
		strands: 1, resident: 1, mapped: true, single: true,
	}
}

// mappable says that a map describes A, that B's neighbours lie along K, too, and that
// K has no remainder, and in halves is not too long for a coordinate.
func mappable(args *shaders.MatmulArguments) bool {
	return args.B.Row == 1 && args.K%64 == 0 && args.K < 1<<30 && mapOfSingles(args, 1).Used
}

// mapOfSingles describes an A of f32, whose neighbours lie along K, as one of twice as
// many halves.
func mapOfSingles(args *shaders.MatmulArguments, lines int) Map {
	if args.A.Col != 1 {
		return Map{}
	}
	halves := shaders.Matrix{Offset: 2 * args.A.Offset, Batch: 2 * args.A.Batch}
	m := mapOf(&halves, 2*args.A.Row, 1, args.M, 2*args.K, args.Batches, lines)
	m.Needed = m.Used
	return m
}
