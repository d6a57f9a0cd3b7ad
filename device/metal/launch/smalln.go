package launch

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// smallnSIMDGroups is the number of SIMD groups in a threadgroup of the small-N
// kernels; the numbers here are those of smalln.metal.
const smallnSIMDGroups = 4

// smallnRows returns the rows of a threadgroup: half a SIMD group has two rows,
// in wide buckets four; for A that is contiguous along M each lane has one.
func smallnRows(key kernels.Key) int {
	if key.TransA || key.Bucket >= kernels.N8 {
		return 32
	}
	return 16
}

// smallnGrid has threadgroups for each stretch of as many columns as the bucket
// holds.
func smallnGrid(key kernels.Key, args *shaders.MatmulArguments) Grid {
	return Grid{
		Groups:  [3]int{ceil(args.M, smallnRows(key)), ceil(args.N, int(key.Bucket)), int(args.Batches)},
		Threads: [3]int{smallnSIMDGroups * simdWidth, 1, 1},
	}
}
