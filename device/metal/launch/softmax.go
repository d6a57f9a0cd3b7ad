package launch

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// keptColumns are what a thread of softmax_vec has registers for.
const keptColumns = 8

// vecGrid has a team for each row, large enough to keep all of it. Teams that
// are small share a threadgroup.
func vecGrid(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error) {
	w := gpu.RowWidth(key, args)
	if w > gpu.MaxThreads*keptColumns {
		return Grid{}, fmt.Errorf("rows of %d columns; %s takes up to %d", args.Cols, key.Kernel, gpu.MaxThreads*keptColumns)
	}
	threads := max(gpu.RowTeam(key, args), w/keptColumns)
	rows := gpu.RowsBeside(threads, args)
	return Grid{
		Groups:  [3]int{ceil(uint32(gpu.AllRows(args)), rows), 1, 1},
		Threads: [3]int{threads, rows, 1},
	}, nil
}

// blockGrid has a threadgroup for each row.
func blockGrid(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error) {
	return Grid{Groups: [3]int{gpu.AllRows(args), 1, 1}, Threads: [3]int{gpu.RowTeam(key, args), 1, 1}}, nil
}

// legacyGrid has a threadgroup of the key's size for each row.
func legacyGrid(key kernels.Key, args *shaders.SoftmaxArguments) (Grid, error) {
	return Grid{Groups: [3]int{gpu.AllRows(args), 1, 1}, Threads: [3]int{gpu.RowThreads(key), 1, 1}}, nil
}
