package launch

import (
	"fmt"
	"math/bits"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

const (
	// maxThreads is the most threads in a threadgroup on every GPU with Metal.
	maxThreads = 1024
	// fewThreads are enough for a threadgroup: where fewer share a row, it has
	// several rows.
	fewThreads = 256
	// fourColumns are what a thread reads at once.
	fourColumns = 4
	// keptColumns are what a thread of softmax_vec has registers for.
	keptColumns = 8
)

// team returns how many threads share a row: enough to have four columns each,
// at least a SIMD group, at most what the key says. It decides on the order of
// a row's sum, so it depends on nothing but the key.
func team(key kernels.Key, args *shaders.SoftmaxArguments) int {
	return min(max(width(key, args)/fourColumns, simdWidth), threadgroup(key))
}

// width returns the key's width bucket, or that of the columns if it is wider.
func width(key kernels.Key, args *shaders.SoftmaxArguments) int {
	return max(key.Width, kernels.WidthBucket(int(args.Cols)))
}

// threadgroup returns the key's threads as a power of two within the limits.
func threadgroup(key kernels.Key) int {
	within := min(max(key.Threadgroup, simdWidth), maxThreads)
	return 1 << (bits.Len(uint(within)) - 1)
}

// vecGrid has a team for each row, large enough to keep all of it. Teams that
// are small share a threadgroup.
func vecGrid(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error) {
	w := width(key, args)
	if w > maxThreads*keptColumns {
		return Grid{}, fmt.Errorf("rows of %d columns; %s takes up to %d", args.Cols, key.Kernel, maxThreads*keptColumns)
	}
	threads := max(team(key, args), w/keptColumns)
	rows := min(max(fewThreads/threads, 1), total(args))
	return Grid{
		Groups:  [3]int{ceil(uint32(total(args)), rows), 1, 1},
		Threads: [3]int{threads, rows, 1},
	}, nil
}

// blockGrid has a threadgroup for each row.
func blockGrid(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error) {
	return Grid{Groups: [3]int{total(args), 1, 1}, Threads: [3]int{team(key, args), 1, 1}}, nil
}

// legacyGrid has a threadgroup of the key's size for each row.
func legacyGrid(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error) {
	return Grid{Groups: [3]int{total(args), 1, 1}, Threads: [3]int{threadgroup(key), 1, 1}}, nil
}

// total returns the number of rows of all matrices.
func total(args *shaders.SoftmaxArguments) int { return int(args.Rows) * int(args.Batches) }
