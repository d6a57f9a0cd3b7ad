package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// resident returns a matrix in the device's memory, without contents, and what
// holds it.
func resident(t *testing.T, d device.Device, rows, cols int) (tensor.View, *operand) {
	t.Helper()
	size := 4 * rows * cols
	buf, err := d.Alloc(device.SpaceDevice, size)
	require.NoError(t, err)
	dims := tensor.Dims{1, rows, cols}
	return new(tensor.Resident).Of(tensor.Window(nil, size, tensor.F32, dims, tensor.Compact(dims), 0)), &operand{buffer: buf}
}

// What is broad is computed where it lies, also among others of its batch.
func TestBindLeavesBroadProductsToThemselves(t *testing.T) {
	s, d := newShelf(), sim.Open(sim.Config{Discrete: true})
	w, a := resident(t, d, 4096, 8)
	x, b := resident(t, d, 8, 512)
	var ts []*Task
	for _, v := range []tensor.View{x, x.Slice(0, 8, 0, 511), x.Slice(0, 8, 1, 512), x} {
		task := a.use(s.task(t, &job.Matmul{A: w, B: v, C: fill(4096, v.Cols(), 1)}))
		b.users.Add(1)
		task.Memory[OperandB] = b
		ts = append(ts, task)
	}
	batch := binding(t, false, 1, ts...)
	require.Len(t, batch.Stages, 2)
	dispatches := batch.Stages[1].Dispatches
	require.Len(t, dispatches, 3)
	for i, n := range []int{512, 2 * 511, 512} {
		mm := dispatches[i].Matmul
		require.Equal(t, n, mm.Shape.N)
		require.Equal(t, a.buffer, mm.A.Buffer)
		require.Equal(t, n == 512, mm.B.Buffer == b.buffer, "only those that share a product are copied")
	}
	require.Len(t, batch.Stages[0].Copies, 2)
	for i, want := range []int{0, 1, 1, 2} {
		require.Equal(t, want, batch.parts[i].problem)
	}
}

// Loaded operands are put side by side in the device's own memory. It takes one
// that is the caller's for them to travel.
func TestBindGathersLoadedOperandsOnTheDevice(t *testing.T) {
	s, d := newShelf(), sim.Open(sim.Config{Discrete: true})
	w, a := resident(t, d, 8, 8)
	x, b := resident(t, d, 8, 3)
	loaded := func() *Task {
		task := a.use(s.task(t, &job.Matmul{A: w, B: x, C: fill(8, 3, 1)}))
		b.users.Add(1)
		task.Memory[OperandB] = b
		return task
	}
	host := func() *Task { return a.use(s.task(t, &job.Matmul{A: w, B: fill(8, 3, 1), C: fill(8, 3, 1)})) }
	for _, c := range []struct {
		tasks []*Task
		space device.Space
	}{
		{[]*Task{loaded(), loaded()}, device.SpaceDevice},
		{[]*Task{loaded(), host()}, device.SpaceShared},
		{[]*Task{host(), loaded()}, device.SpaceShared},
	} {
		batch := binding(t, false, 1, c.tasks...)
		mm := batch.Stages[1].Dispatches[0].Matmul
		require.Equal(t, 6, mm.Shape.N)
		require.Equal(t, c.space, mm.B.Buffer.Space())
		require.Equal(t, device.SpaceShared, mm.C.Buffer.Space())
	}
}
