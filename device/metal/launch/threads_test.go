package launch

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// TestThreadsAreDeclared checks that a kernel asks for pipelines with as many
// threads as its launches use. With fewer it could not start; with more, or
// without asking, it would have fewer registers than it could, or more than the
// threadgroup has.
func TestThreadsAreDeclared(t *testing.T) {
	if _, err := msl.FindCompiler(); err != nil {
		require.Empty(t, os.Getenv("REQUIRE_CLANG"), err)
		t.Skipf("NOT TESTED: threads of kernels: %v", err)
	}
	for name, e := range table {
		want := 0
		for _, key := range threadKeys(name, e) {
			grid := largestGrid(t, key, e)
			want = max(want, grid.Threads[0]*grid.Threads[1]*grid.Threads[2])
		}
		k, err := Compile(kernels.Key{Kernel: name, A: tensor.F32, B: tensor.F32, C: tensor.F32})
		require.NoError(t, err)
		require.Equal(t, want, declaredThreads(t, k), name)
	}
	k, err := CopyKernel(tensor.F32)
	require.NoError(t, err)
	require.Equal(t, copyThreads, declaredThreads(t, k))
}

// threadKeys are keys for which a kernel is launched with different threads.
func threadKeys(name string, e entry) (keys []kernels.Key) {
	if e.softmax != nil {
		return rowKeys(name)
	}
	for _, transposed := range []bool{false, true} {
		for _, t := range []tile{smallTile, largeTile} {
			keys = append(keys, kernels.Key{Kernel: name, TransA: transposed, Bucket: kernels.N8, Tile: kernels.Tile{M: t.side, N: t.side}})
		}
	}
	return keys
}

func largestGrid(t *testing.T, key kernels.Key, e entry) Grid {
	if e.matmul != nil {
		return e.matmul(key, &shaders.MatmulArguments{M: 1 << 10, N: 1 << 10, Batches: 1})
	}
	grid, err := e.softmax(key, &shaders.SoftmaxArguments{Rows: 1 << 10, Batches: 1, Cols: uint32(key.Width)})
	require.NoError(t, err)
	return grid
}

func declaredThreads(t *testing.T, k Kernel) int {
	path, err := msl.Build(t.Context(), k.Source, msl.Options{})
	require.NoError(t, err)
	library, err := msl.Open(path)
	require.NoError(t, err)
	defer library.Close()
	for _, found := range library.Kernels() {
		if found.Name == k.Entry {
			return found.MaxThreads
		}
	}
	require.Fail(t, "no such kernel", k.Entry)
	return 0
}
