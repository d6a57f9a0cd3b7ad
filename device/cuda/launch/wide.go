package launch

import (
	"math"

	"github.com/metallic-sched/metallic-sched/shaders"
)

// wideTile is a tile of many columns on multiply-adds, for products that have
// enough of them. The choice is by time: blocks come in rounds, of as many as the
// multiprocessors have at a time.
type wideTile struct {
	tile
	blocksEach int // blocks that a multiprocessor has at a time
	// What a round takes, and a last one of at most one block for each
	// multiprocessor; to scale, as measured on an H100.
	round, last int
}

var smallnWide = []wideTile{
	{tile: strandTile("matmul_smalln_n32", 4, 8, 3, 128), blocksEach: 2, round: 90, last: 60},
	{tile: strandTile("matmul_smalln_n64_tall", 8, 16, 3, 128), blocksEach: 1, round: 150, last: 150},
}

// tilesIn are those of a table.
func tilesIn(wide []wideTile) (all []tile) {
	for _, t := range wide {
		all = append(all, t.tile)
	}
	return all
}

// enoughWide says that a product has enough for wide tiles.
func enoughWide(wide []wideTile, args *shaders.MatmulArguments, gpu GPU) bool {
	for _, t := range wide {
		if args.N > 16 && t.fits(args, gpu) && t.blocks(args) >= enoughTiles {
			return true
		}
	}
	return false
}

// smallnWideTile takes the tile that takes least time.
func smallnWideTile(wide []wideTile, args *shaders.MatmulArguments, gpu GPU) (best tile) {
	least := math.MaxInt
	for _, t := range wide {
		if time := t.time(args, gpu); t.fits(args, gpu) && time < least {
			best, least = t.tile, time
		}
	}
	return best
}

// blocks are the tiles that C has.
func (t tile) blocks(args *shaders.MatmulArguments) int {
	return ceil(args.M, t.height) * ceil(args.N, t.width) * int(args.Batches)
}

// time is that of all blocks.
func (t *wideTile) time(args *shaders.MatmulArguments, gpu GPU) int {
	blocks, each := t.blocks(args), gpu.Processors*t.blocksEach
	time := blocks / each * t.round
	switch rest := blocks % each; {
	case rest > gpu.Processors:
		time += t.round
	case rest > 0:
		time += t.last
	}
	return time
}

// fits says that the GPU has the memory, and a map the operands if the tile wants one.
func (t *wideTile) fits(args *shaders.MatmulArguments, gpu GPU) bool {
	return t.shared <= gpu.Shared && (!t.mapped || mappable(args))
}
