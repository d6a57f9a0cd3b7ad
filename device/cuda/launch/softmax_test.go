package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

func TestSoftmaxGrids(t *testing.T) {
	for _, c := range []struct {
		kernel           string
		rows, cols       uint32
		width, threads   int
		wantRows, blocks int
		wantThreads      int
	}{
		{"softmax_vec", 10, 64, 64, 64, 8, 2, 32},
		{"softmax_vec", 10, 4096, 4096, 1024, 2, 5, 128},
		{"softmax_vec", 3, 8192, 8192, 1024, 1, 3, 256},
		{"softmax_block", 3, 8192, 8192, 1024, 1, 3, 1024},
		{"softmax_block", 3, 200, 256, 256, 1, 3, 64},
		{"softmax_legacy", 3, 200, 256, 100, 1, 3, 64},
	} {
		key := kernels.Key{Kernel: c.kernel, Width: c.width, Threadgroup: c.threads}
		g, err := table[c.kernel].softmax(key, &shaders.SoftmaxArguments{Rows: c.rows, Cols: c.cols, Batches: 1})
		require.NoError(t, err)
		require.Equal(t, Grid{Blocks: [3]int{c.blocks, 1, 1}, Threads: [3]int{c.wantThreads, c.wantRows, 1}}, g, c.kernel)
		if c.kernel == "softmax_vec" {
			require.LessOrEqual(t, int(c.cols), c.wantThreads*keptColumns, "the row fits into registers")
		}
	}
	_, err := vecGrid(kernels.Key{Kernel: "softmax_vec"}, &shaders.SoftmaxArguments{Rows: 1, Cols: 1 << 16, Batches: 1})
	require.ErrorContains(t, err, "takes up to")
}
