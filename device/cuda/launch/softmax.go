package launch

import (
	"fmt"
	"math/bits"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

const (
	// maxThreads is the most threads in a block on every GPU.
	maxThreads = 1024
	// fewThreads are enough for a block: where fewer share a row, it has several
	// rows.
	fewThreads = 256
	// fourColumns are what a thread reads at once.
	fourColumns = 4
	// keptColumns are what a thread of softmax_vec has registers for.
	keptColumns = 32
)

// rowTeam returns how many threads share a row: enough to have four columns each,
// at least a warp, at most what the key says. It decides on the order of
// a row's sum, so it depends on nothing but the key.
func rowTeam(key kernels.Key, args *shaders.SoftmaxArguments) int {
	return min(max(rowWidth(key, args)/fourColumns, warp), rowThreads(key))
}

// rowWidth returns the key's width bucket, or that of the columns if it is wider.
func rowWidth(key kernels.Key, args *shaders.SoftmaxArguments) int {
	return max(key.Width, kernels.WidthBucket(int(args.Cols)))
}

// rowThreads returns the key's threads as a power of two within the limits.
func rowThreads(key kernels.Key) int {
	within := min(max(key.Threadgroup, warp), maxThreads)
	return 1 << (bits.Len(uint(within)) - 1)
}

// vecGrid has a team for each row, large enough to keep all of it: a warp, or
// as many threads as eight times four columns each allow. Teams that are small
// share a block of threads.
func vecGrid(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error) {
	w := rowWidth(key, args)
	if w > maxThreads*keptColumns {
		return Grid{}, fmt.Errorf("rows of %d columns; %s takes up to %d", args.Cols, key.Kernel, maxThreads*keptColumns)
	}
	threads := max(warp, w/keptColumns)
	rows := min(max(fewThreads/threads, 1), allRows(args))
	return Grid{
		Blocks:  [3]int{ceil(uint32(allRows(args)), rows), 1, 1},
		Threads: [3]int{threads, rows, 1},
	}, nil
}

// blockGrid has a block of threads for each row.
func blockGrid(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error) {
	return Grid{Blocks: [3]int{allRows(args), 1, 1}, Threads: [3]int{rowTeam(key, args), 1, 1}}, nil
}

// legacyGrid has a block of threads of the key's size for each row.
func legacyGrid(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error) {
	return Grid{Blocks: [3]int{allRows(args), 1, 1}, Threads: [3]int{rowThreads(key), 1, 1}}, nil
}

// allRows returns the number of rows of all matrices.
func allRows(args *shaders.SoftmaxArguments) int { return int(args.Rows) * int(args.Batches) }
