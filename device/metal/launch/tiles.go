package launch

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// The tiles of matmul_simd and matmul_mlx. Both are computed in the same order,
// so that the choice does not show in the result.
var (
	largeTile = tile{side: 64, threads: 128}
	smallTile = tile{side: 32, threads: 64}
)

// tile is what a threadgroup computes of C, and with how many threads; the
// shaders know the tile by them.
type tile struct{ side, threads int }

// enoughTiles is how many large tiles keep a device busy: a few for each of
// the cores of a large one.
const enoughTiles = 64

// tileFor returns the tile that a key names. If it names none, that is the
// large one where there is enough work for it, and not mostly padding.
func tileFor(key kernels.Key, args *shaders.MatmulArguments) tile {
	for _, t := range []tile{smallTile, largeTile} {
		if key.Tile.M == t.side && key.Tile.N == t.side {
			return t
		}
	}
	large := ceil(args.M, largeTile.side) * ceil(args.N, largeTile.side) * int(args.Batches)
	if large < enoughTiles || int(min(args.M, args.N)) <= smallTile.side {
		return smallTile
	}
	return largeTile
}

// tilesDown is how many tiles of a column neighbours in the grid take before
// they go right.
const tilesDown = 4

// tilesGrid has a threadgroup for each tile of C.
func tilesGrid(key kernels.Key, args *shaders.MatmulArguments) Grid {
	t := tileFor(key, args)
	rows, cols := ceil(args.M, t.side), ceil(args.N, t.side)
	down := min(rows, tilesDown)
	return Grid{
		Groups:  [3]int{down * cols, (rows + down - 1) / down, int(args.Batches)},
		Threads: [3]int{t.threads, 1, 1},
	}
}
