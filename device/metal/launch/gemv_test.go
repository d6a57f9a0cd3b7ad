package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

func threadsOf(g Grid) int { return g.Threads[0] * g.Threads[1] * g.Threads[2] }

// covers checks that n things in groups of a size are all there, and that no
// group is without any.
func covers(t *testing.T, groups, size, n int) {
	t.Helper()
	require.GreaterOrEqual(t, groups*size, n)
	require.Less(t, (groups-1)*size, n)
}

func TestGEMVGrid(t *testing.T) {
	for _, trans := range []bool{false, true} {
		rows, threads := 16, 128
		if trans {
			rows, threads = 32, 256
		}
		for _, m := range []uint32{1, 15, 16, 17, 32, 33, 4096, 1<<31 - 1} {
			g := gemvGrid(kernels.Key{TransA: trans}, &shaders.MatmulArguments{M: m, N: 5, K: 9, Batches: 3})
			covers(t, g.Groups[0], rows, int(m))
			require.Equal(t, [2]int{5, 3}, [2]int(g.Groups[1:]))
			require.Equal(t, [3]int{threads, 1, 1}, g.Threads)
		}
	}
}
