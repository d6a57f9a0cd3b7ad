package launch

import (
	"fmt"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// rowGrids are what the kernels make of an argument: how many columns of a row
// a threadgroup keeps, 0 for any number.
var rowGrids = map[string]struct {
	grid func(kernels.Key, *shaders.SoftmaxArguments) (Grid, error)
	kept int
}{
	"softmax_vec":    {vecGrid, keptColumns},
	"softmax_block":  {blockGrid, 0},
	"softmax_legacy": {legacyGrid, 0},
}

// TestRowGrids checks that every row has one team of threads, and no
// threadgroup is more than a GPU takes.
func TestRowGrids(t *testing.T) {
	for name, of := range rowGrids {
		for _, key := range rowKeys(name) {
			for _, rows := range []uint32{1, 2, 7, 8, 9, 1000, 1 << 20} {
				args := shaders.SoftmaxArguments{Rows: rows, Batches: 3, Cols: uint32(key.Width)}
				grid, err := of.grid(key, &args)
				require.NoError(t, err)
				checkRowGrid(t, fmt.Sprintf("%v of %d rows: %v", key, 3*rows, grid), grid, 3*int(rows))
				if of.kept > 0 {
					require.GreaterOrEqual(t, grid.Threads[0]*of.kept, key.Width, "%v keeps its row", key)
				}
			}
		}
	}
}

func checkRowGrid(t *testing.T, what string, g Grid, rows int) {
	require.Equal(t, [4]int{1, 1, 1, 1}, [4]int{g.Groups[1], g.Groups[2], g.Threads[2], bits.OnesCount(uint(g.Threads[0]))}, what)
	require.Zero(t, g.Threads[0]%simdWidth, what)
	require.LessOrEqual(t, g.Threads[0]*g.Threads[1], gpu.MaxThreads, what)
	require.GreaterOrEqual(t, g.Groups[0]*g.Threads[1], rows, "%s: all rows", what)
	require.Less(t, (g.Groups[0]-1)*g.Threads[1], rows, "%s: no threadgroup without rows", what)
}

// rowKeys are keys of a kernel, of every width and for devices with all limits.
func rowKeys(name string) (keys []kernels.Key) {
	widest := kernels.Default.Find(name).MaxCols
	if widest == 0 {
		widest = 1 << 15 // no limit
	}
	for width := 1; width <= widest; width *= 2 {
		for limit := simdWidth; limit <= gpu.MaxThreads; limit *= 2 {
			keys = append(keys, kernels.Key{Kernel: name, Width: width, Threadgroup: min(max(width, simdWidth), limit)})
		}
	}
	return keys
}

// TestTeams checks that the threads that share a row, and so the order of its
// sum, depend on the key alone.
func TestTeams(t *testing.T) {
	for name, of := range rowGrids {
		for _, key := range rowKeys(name) {
			most, err := of.grid(key, &shaders.SoftmaxArguments{Rows: 1000, Batches: 2, Cols: uint32(key.Width)})
			require.NoError(t, err)
			one, err := of.grid(key, &shaders.SoftmaxArguments{Rows: 1, Batches: 1, Cols: uint32(key.Width/2 + 1)})
			require.NoError(t, err)
			require.Equal(t, most.Threads[0], one.Threads[0], "%v", key)
		}
	}
}

func TestTeamSizes(t *testing.T) {
	for _, c := range []struct{ width, threadgroup, vec, block, legacy int }{
		{1, 32, 32, 32, 32},
		{64, 64, 32, 32, 64},
		{128, 128, 32, 32, 128},
		{256, 256, 64, 64, 256},
		{1024, 1024, 256, 256, 1024},
		{4096, 1024, 1024, 1024, 1024},
		{8192, 1024, 1024, 1024, 1024},
		{8192, 256, 1024, 256, 256}, // vec needs more threads to keep the row
		{2048, 100, 256, 64, 64},    // not a power of two
		{64, 0, 32, 32, 32},         // none given
	} {
		key := kernels.Key{Width: c.width, Threadgroup: c.threadgroup}
		args := &shaders.SoftmaxArguments{Rows: 1, Batches: 1, Cols: uint32(c.width)}
		for i, want := range []int{c.vec, c.block, c.legacy} {
			grid, err := []func(kernels.Key, *shaders.SoftmaxArguments) (Grid, error){vecGrid, blockGrid, legacyGrid}[i](key, args)
			require.NoError(t, err)
			require.Equal(t, want, grid.Threads[0], "%+v: %d", c, i)
		}
	}
}

// TestVecLimit makes sure that softmax_vec takes what the catalog says and
// refuses rows that it would cut off.
func TestVecLimit(t *testing.T) {
	most := kernels.Default.Find("softmax_vec").MaxCols
	for cols, ok := range map[int]bool{most: true, most + 1: false} {
		var l Launch
		key := kernels.Key{Kernel: "softmax_vec", A: tensor.F32, B: tensor.F32, C: tensor.F32, Width: 64, Threadgroup: 64}
		region := device.Region{Buffer: buffer{}, View: tensor.Window(nil, 4*cols, tensor.F32, tensor.Dims{1, 1, cols}, tensor.Dims{cols, cols, 1}, 0)}
		empty, err := l.Dispatch(key, &device.Dispatch{Softmax: &device.Softmax{
			X: region, Y: region, Rows: []device.RowRun{{Rows: 1, Cols: cols, Limit: cols}},
		}})
		require.False(t, empty)
		if ok {
			require.NoError(t, err)
			require.Equal(t, [3]int{1024, 1, 1}, l.Grid.Threads)
			continue
		}
		require.ErrorContains(t, err, "rows of 8193 columns; softmax_vec takes up to 8192")
	}
}

// buffer stands for memory that nobody looks at.
type buffer struct{ device.Buffer }
