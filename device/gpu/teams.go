package gpu

import (
	"math/bits"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

const (
	// Lanes is how many threads run in step: Metal's SIMD group, CUDA's warp.
	Lanes = 32
	// MaxThreads is the most threads in a threadgroup or block on every GPU.
	MaxThreads = 1024
	// enoughThreads are enough for a threadgroup: where fewer share a row, it has
	// several rows.
	enoughThreads = 256
	// fourColumns are what a thread reads at once.
	fourColumns = 4
)

// RowTeam returns how many threads share a row of a softmax: enough to have four
// columns each, at least a SIMD group, at most what the key says. It decides on
// the order of a row's sum, so it depends on nothing but the key.
func RowTeam(key kernels.Key, args *shaders.SoftmaxArguments) int {
	return min(max(RowWidth(key, args)/fourColumns, Lanes), RowThreads(key))
}

// RowWidth returns the key's width bucket, or that of the columns if it is wider.
func RowWidth(key kernels.Key, args *shaders.SoftmaxArguments) int {
	return max(key.Width, kernels.WidthBucket(int(args.Cols)))
}

// RowThreads returns the key's threads as a power of two within the limits.
func RowThreads(key kernels.Key) int {
	within := min(max(key.Threadgroup, Lanes), MaxThreads)
	return 1 << (bits.Len(uint(within)) - 1)
}

// AllRows returns the number of rows of all matrices.
func AllRows(args *shaders.SoftmaxArguments) int { return int(args.Rows) * int(args.Batches) }

// RowsBeside returns how many rows share a threadgroup when each has a team of
// so many threads.
func RowsBeside(team int, args *shaders.SoftmaxArguments) int {
	return min(max(enoughThreads/team, 1), AllRows(args))
}
