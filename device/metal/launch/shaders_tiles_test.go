package launch_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

var (
	small = kernels.Tile{M: 32, N: 32}
	large = kernels.Tile{M: 64, N: 64}
	tiled = kernels.Catalog{*kernels.Default.Find("matmul_simd"), *kernels.Default.Find("matmul_mlx")}
)

// The suite's products are too small to be given large tiles: here they get
// them all the same, and must have the bits that they have with small ones.
func TestTilesAgree(t *testing.T) {
	onceUnderRace(t)
	r := &rig{programs: libraries(t), schedule: msl.Random(4)}
	impl := r.implementation(apple, tiled)
	run := impl.Matmul
	impl.Matmul = func(t testing.TB, key kernels.Key, m *kerneltest.Matmul) {
		before := bytes.Clone(m.C.Memory)
		key.Tile = small
		run(t, key, m)
		want := bytes.Clone(m.C.Memory)
		copy(m.C.Memory, before)
		key.Tile = large
		run(t, key, m)
		require.Equal(t, want, m.C.Memory, "%v", m)
	}
	kerneltest.Exercise(t, impl)
}

// Races between the threads of a large tile, and accesses out of bounds.
func TestLargeTilesSanitized(t *testing.T) {
	onceUnderRace(t)
	for _, s := range []msl.Sanitizer{msl.Thread, msl.Address} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			r := &rig{programs: sanitized(t, s), schedule: msl.Random(5)}
			impl := r.implementation(apple, nil)
			run := impl.Matmul
			impl.Matmul = func(t testing.TB, key kernels.Key, m *kerneltest.Matmul) {
				key.Tile = large
				run(t, key, m)
			}
			for _, row := range tiled {
				row.Types, row.Mixed = []tensor.DType{tensor.F32, tensor.F16}, false
				require.NoError(t, kerneltest.Hunt(impl, &row, 1, r.ran), row.Name)
			}
		})
	}
}
