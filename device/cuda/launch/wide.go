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
	resident int // blocks that a multiprocessor has at a time
	// What a round takes, and a last one of at most one block for each
	// multiprocessor; to scale, as measured on an H100.
	round, last int
	carried     bool // by warps that only copy
}

var smallnWide = []wideTile{
	{tile: strandTile("matmul_smalln_n32_carried", 4, 8, 5, 128).withCarriers(), resident: 1, round: 5, last: 5, carried: true},
	{tile: strandTile("matmul_smalln_n32", 4, 8, 3, 128), resident: 2, round: 9, last: 6},
	{tile: strandTile("matmul_smalln_n32_tall", 8, 8, 3, 128).withCarriers(), resident: 1, round: 8, last: 8, carried: true},
	{tile: strandTile("matmul_smalln_n64_tall", 8, 16, 3, 128), resident: 1, round: 15, last: 15},
}

// carriers are threads that only copy.
const carriers = 128

// withCarriers returns a tile that has them.
func (t tile) withCarriers() tile {
	t.threads += carriers
	return t
}

// wideTiles are those of smallnWide.
func wideTiles() (all []tile) {
	for _, t := range smallnWide {
		all = append(all, t.tile)
	}
	return all
}

// enoughWide says that a product has enough for smallnWide.
func enoughWide(args *shaders.MatmulArguments, gpu GPU) bool {
	for _, t := range smallnWide {
		if args.N > 16 && t.fits(args, gpu) && t.blocks(args) >= enoughTiles {
			return true
		}
	}
	return false
}

// smallnWideTile takes the tile that takes least time.
func smallnWideTile(args *shaders.MatmulArguments, gpu GPU) (best tile) {
	least := math.MaxInt
	for _, t := range smallnWide {
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
	blocks, each := t.blocks(args), gpu.Processors*t.resident
	time := blocks / each * t.round
	switch rest := blocks % each; {
	case rest > gpu.Processors:
		time += t.round
	case rest > 0:
		time += t.last
	}
	return time
}

// fits says that the GPU has the memory; and that carriers, who are few, can do
// with copies of 16 bytes, which need neighbours along K and no remainder of it.
func (t *wideTile) fits(args *shaders.MatmulArguments, gpu GPU) bool {
	if t.shared > gpu.Shared {
		return false
	}
	depth := uint32(128)
	if args.K > longK {
		depth *= longStretches
	}
	along := args.A.Col == 1 && args.B.Row == 1 && args.A.Row%4 == 0 && args.B.Col%4 == 0
	return !t.carried || along && args.K%depth == 0
}
