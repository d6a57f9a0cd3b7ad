package launch

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// The rows of a threadgroup of matmul_gemv, and its SIMD groups: for A that is
// contiguous along K, and along M. The numbers are those of gemv.metal.
const (
	gemvRows, gemvSIMDGroups                     = 16, 4
	gemvTransposedRows, gemvTransposedSIMDGroups = 32, 8
)

// gemvGrid has threadgroups for each column of C.
func gemvGrid(key kernels.Key, args *shaders.MatmulArguments) Grid {
	rows, groups := gemvRows, gemvSIMDGroups
	if key.TransA {
		rows, groups = gemvTransposedRows, gemvTransposedSIMDGroups
	}
	return Grid{
		Groups:  [3]int{ceil(args.M, rows), int(args.N), int(args.Batches)},
		Threads: [3]int{groups * simdWidth, 1, 1},
	}
}
