package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/shaders"
)

// copyPair is an element of Dst and the one of Src that it gets.
type copyPair struct{ dst, src int64 }

func pairsOf(a *shaders.CopyArguments) map[copyPair]int {
	all := map[copyPair]int{}
	for b := range int64(a.Batches) {
		for i := range int64(a.Rows) {
			for j := range int64(a.Cols) {
				all[copyPair{elementOf(a.Dst, b, i, j), elementOf(a.Src, b, i, j)}]++
			}
		}
	}
	return all
}

func elementOf(m shaders.Matrix, b, i, j int64) int64 {
	return m.Offset + b*m.Batch + i*m.Row + j*m.Col
}

// copied returns how often the threads of a grid copy each element, by the
// rules of copy.metal.
func copied(a *shaders.CopyArguments, g Grid) map[copyPair]int {
	all := map[copyPair]int{}
	visit := func(b, i, j int) {
		if i < int(a.Rows) && j < int(a.Cols) {
			b, i, j := int64(b), int64(i), int64(j)
			all[copyPair{elementOf(a.Dst, b, i, j), elementOf(a.Src, b, i, j)}]++
		}
	}
	wide, high := g.Threads[0]*copyPerThread, g.Threads[1]
	if a.Src.Row < a.Src.Col {
		wide, high = g.Threads[0], copySide
	}
	for z := range g.Groups[2] {
		for y := range g.Groups[1] * high {
			for x := range g.Groups[0] * wide {
				visit(z, y, x)
			}
		}
	}
	return all
}

// Every arrangement copies the same elements, each once, with neighbours of Dst
// in rows.
func TestCopyGrid(t *testing.T) {
	for _, size := range [][2]uint32{{1, 1}, {1, 7}, {7, 1}, {3, 5}, {40, 33}, {2, 1100}, {1100, 2}, {1, 5000}, {9, 129}} {
		rows, cols := int64(size[0]), int64(size[1])
		layouts := []shaders.Matrix{
			{Offset: 3, Batch: rows * cols, Row: cols, Col: 1},
			{Batch: rows*(cols+3) + 2, Row: cols + 3, Col: 1},
			{Offset: 1, Batch: rows * cols, Row: 1, Col: rows},
			{Batch: cols * (rows + 1), Row: 1, Col: rows + 1},
			{Batch: rows * (2*cols + 1), Row: 2*cols + 1, Col: 2},
		}
		for _, dst := range layouts {
			for _, src := range layouts {
				args := shaders.CopyArguments{Dst: dst, Src: src, Rows: size[0], Cols: size[1], Batches: 2}
				want := pairsOf(&args)
				grid := copyGrid(&args)
				require.Equal(t, want, pairsOf(&args), "%v to %v", src, dst)
				require.Equal(t, want, copied(&args, grid), "%v to %v", src, dst)
				require.LessOrEqual(t, threadsOf(grid), 1024)
				require.True(t, args.Rows == 1 || args.Dst.Col <= args.Dst.Row)
			}
		}
	}
}

// A long stretch of memory is one row, whatever the matrix looks like.
func TestCopyOfContiguousMemory(t *testing.T) {
	m := shaders.Matrix{Row: 1, Col: 64}
	args := shaders.CopyArguments{Dst: m, Src: m, Rows: 64, Cols: 100, Batches: 1}
	grid := copyGrid(&args)
	require.EqualValues(t, 1, args.Rows)
	require.EqualValues(t, 6400, args.Cols)
	require.Equal(t, Grid{Groups: [3]int{7, 1, 1}, Threads: [3]int{256, 1, 1}}, grid)
}
