//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Arguments that are longer than a command may carry, alone and together,
// those of 5000 runs more than a chunk.
func TestLongArguments(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	p, err := s.device.Compile(gemv)
	require.NoError(t, err)
	one := device.In(s.alloc(device.SpaceShared, 4), tensor.F32, tensor.Dims{1, 1, 1}, 0)
	floats(one.Buffer)[0] = 1
	var stages []device.Stage
	var results []device.Buffer
	for _, runs := range []int{1, mtl.MaxBytes/16 + 1, 5000, 300} {
		b := device.In(s.alloc(device.SpaceShared, 4*runs), tensor.F32, tensor.Dims{1, 1, runs}, 0)
		c := device.In(s.alloc(device.SpaceShared, 4*runs), tensor.F32, tensor.Dims{1, 1, runs}, 0)
		m := &device.Matmul{Shape: kernels.Shape{Batch: 1, M: 1, N: runs, K: 1}, A: one, B: b, C: c}
		for i := range runs {
			floats(b.Buffer)[i] = 1
			m.Runs = append(m.Runs, device.Run{Columns: 1, Alpha: float32(i + 1), Bias: -1})
		}
		stages = append(stages, work(device.Dispatch{Pipeline: p, Matmul: m}))
		results = append(results, c.Buffer)
	}
	used := s.device.memory.used.Load()
	for range 3 {
		require.NoError(t, run(q, stages...))
		for _, c := range results {
			for i, v := range floats(c) {
				require.EqualValues(t, i+1, v)
			}
			clear(floats(c))
		}
	}
	require.LessOrEqual(t, s.device.memory.used.Load()-used, int64(3*argumentChunk), "their memory is used again")
}
