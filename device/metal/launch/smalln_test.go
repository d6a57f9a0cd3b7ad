package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

func TestSmallNGrid(t *testing.T) {
	rows := map[kernels.Bucket]int{kernels.N1: 16, kernels.N2: 16, kernels.N4: 16, kernels.N8: 32, kernels.N16: 32}
	for bucket := range rows {
		for _, trans := range []bool{false, true} {
			for _, m := range []uint32{1, 16, 17, 32, 33, 4097} {
				for _, n := range []uint32{1, 2, 7, 8, 9, 16, 17, 256} {
					key := kernels.Key{TransA: trans, Bucket: bucket}
					g := smallnGrid(key, &shaders.MatmulArguments{M: m, N: n, K: 3, Batches: 2})
					high := rows[bucket]
					if trans {
						high = 32 // a row per lane
					}
					covers(t, g.Groups[0], high, int(m))
					covers(t, g.Groups[1], int(bucket), int(n))
					require.Equal(t, 2, g.Groups[2])
					require.Equal(t, [3]int{128, 1, 1}, g.Threads)
				}
			}
		}
	}
}
