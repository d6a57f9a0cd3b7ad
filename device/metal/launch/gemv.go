package launch

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// gemvGrid has a thread for each element of C.
func gemvGrid(_ kernels.Key, args *shaders.MatmulArguments) Grid {
	return Grid{
		Groups:  [3]int{ceil(args.M, simdWidth), int(args.N), int(args.Batches)},
		Threads: [3]int{simdWidth, 1, 1},
	}
}
