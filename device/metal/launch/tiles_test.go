package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// place is where tileAt of tiles.metal puts a threadgroup's tile.
func place(g Grid, x, y, cols int) (row, col int) {
	down := g.Groups[0] / cols
	return y*down + x%down, x / down
}

func TestTilesCoverEveryElementOnce(t *testing.T) {
	sizes := []uint32{1, 31, 32, 33, 63, 64, 65, 128, 129, 255, 257, 300, 449, 1000}
	for _, want := range []tile{smallTile, largeTile} {
		key := kernels.Key{Tile: kernels.Tile{M: want.side, N: want.side}}
		for _, m := range sizes {
			for _, n := range sizes {
				g := tilesGrid(key, &shaders.MatmulArguments{M: m, N: n, Batches: 3})
				require.Equal(t, [3]int{want.threads, 1, 1}, g.Threads)
				require.Equal(t, 3, g.Groups[2])
				rows, cols := ceil(m, want.side), ceil(n, want.side)
				require.Zero(t, g.Groups[0]%cols)
				times := make([]int, rows*cols)
				for y := range g.Groups[1] {
					for x := range g.Groups[0] {
						if row, col := place(g, x, y, cols); row < rows {
							times[row*cols+col]++
						}
					}
				}
				for i, n := range times {
					require.Equal(t, 1, n, "tile %d of %d x %d", i, rows, cols)
				}
			}
		}
	}
}

func TestTileFor(t *testing.T) {
	for _, c := range []struct {
		name          string
		key           kernels.Tile
		m, n, batches uint32
		want          tile
	}{
		{"enough work", kernels.Tile{}, 512, 512, 1, largeTile},
		{"enough in the batch", kernels.Tile{}, 64, 64, 64, largeTile},
		{"too few", kernels.Tile{}, 448, 512, 1, smallTile},
		{"narrow", kernels.Tile{}, 8192, 32, 1, smallTile},
		{"low", kernels.Tile{}, 17, 8192, 1, smallTile},
		{"just wide enough", kernels.Tile{}, 8192, 33, 1, largeTile},
		{"the key says small", kernels.Tile{M: 32, N: 32}, 4096, 4096, 1, smallTile},
		{"the key says large", kernels.Tile{M: 64, N: 64}, 1, 1, 1, largeTile},
		{"a tile there is not", kernels.Tile{M: 64, N: 32}, 1, 1, 1, smallTile},
	} {
		got := tileFor(kernels.Key{Tile: c.key}, &shaders.MatmulArguments{M: c.m, N: c.n, Batches: c.batches})
		require.Equal(t, c.want, got, c.name)
	}
}
