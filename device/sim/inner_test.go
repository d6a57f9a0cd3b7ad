package sim_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// A product on the CPU inside a simulated GPU: staged in, computed in memory
// that the host cannot address, staged out; then the same with a late error.
func TestCPUInsideDiscrete(t *testing.T) {
	late := errors.New("late")
	inner, err := cpu.Open(cpu.Config{Threads: 1})
	require.NoError(t, err)
	d := sim.Open(sim.Config{Inner: inner, Discrete: true, Fault: func(b *device.Batch) sim.Fault {
		if b.ID == 2 {
			return sim.ErrorAfter(late)
		}
		return sim.None()
	}})
	q, err := d.NewQueue()
	require.NoError(t, err)
	memory, err := d.Alloc(device.SpaceDevice, 8*4)
	require.NoError(t, err)
	require.Nil(t, memory.Pointer())

	square, column := tensor.Dims{1, 2, 2}, tensor.Dims{1, 2, 1}
	a := device.In(memory, tensor.F32, square, 0)
	x := device.In(memory, tensor.F32, column, 4)
	y := device.In(memory, tensor.F32, column, 6)
	p, err := d.Compile(kernels.Key{Kernel: "matmul_gemv", A: tensor.F32, B: tensor.F32, C: tensor.F32})
	require.NoError(t, err)

	for id, want := range map[uint64]error{1: nil, 2: late} {
		result := make([]float32, 2)
		ended := make(chan error, 1)
		q.Commit(&device.Batch{
			ID: id,
			Stages: []device.Stage{
				{Copies: []device.Copy{
					{Dst: a, Src: device.Host(tensor.Matrix([]float32{1, 2, 3, 4}, 2, 2))},
					{Dst: x, Src: device.Host(tensor.Vector([]float32{5, 6}))},
				}},
				{Dispatches: []device.Dispatch{{Pipeline: p, Matmul: &device.Matmul{
					Shape: kernels.Shape{Batch: 1, M: 2, N: 1, K: 2},
					A:     a, B: x, C: y,
					Runs: []device.Run{{Columns: 1, Alpha: 1, Bias: -1}},
				}}}},
				{Copies: []device.Copy{{Dst: device.Host(tensor.Vector(result)), Src: y}}},
			},
			Done: func(_ *device.Batch, _ device.Timing, err error) { ended <- err },
		})
		require.Equal(t, want, <-ended)
		require.Equal(t, []float32{17, 39}, result)
	}
	memory.Free()
	require.NoError(t, q.Close())
	require.NoError(t, d.Close())
	_, err = inner.NewQueue()
	require.ErrorIs(t, err, device.ErrClosed)
}
