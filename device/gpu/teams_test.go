package gpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

func TestTeams(t *testing.T) {
	for _, c := range []struct{ width, cols, threadgroup, team, threads int }{
		{1, 1, 32, 32, 32},
		{64, 64, 64, 32, 64},
		{256, 200, 256, 64, 256},
		{1024, 1024, 1024, 256, 1024},
		{1024, 1024, 100, 64, 64}, // a power of two within the limit
		{64, 1024, 1024, 256, 1024},
		{4096, 4096, 4096, 1024, 1024},
		{64, 64, 1, 32, 32},
	} {
		key := kernels.Key{Width: c.width, Threadgroup: c.threadgroup}
		args := shaders.SoftmaxArguments{Rows: 3, Batches: 2, Cols: uint32(c.cols)}
		require.Equal(t, c.team, RowTeam(key, &args), "%+v", c)
		require.Equal(t, c.threads, RowThreads(key), "%+v", c)
	}
	args := shaders.SoftmaxArguments{Rows: 3, Batches: 2}
	require.Equal(t, 6, AllRows(&args))
	require.Equal(t, []int{6, 4, 1, 1}, []int{RowsBeside(32, &args), RowsBeside(64, &args), RowsBeside(256, &args), RowsBeside(1024, &args)})
}
