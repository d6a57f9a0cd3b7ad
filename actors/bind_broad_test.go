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

// What is broad does not cut the product of the others in two.
func TestBroadPartsStandBehindTheOthers(t *testing.T) {
	s, d := newShelf(), sim.Open(sim.Config{Discrete: true})
	w, a := resident(t, d, 4096, 8)
	e := &Engine{Config: Config{MaxJobs: 1 << 30}, device: d, info: d.Info(), cache: device.NewCache(d, 64)}
	b := e.newBatch()
	b.maxColumns, b.maxProblems = 1<<20, 1<<20
	b.openProblem()
	for i := range 8 {
		n := 32 + i%2*480
		b.add(a.use(s.task(t, &job.Matmul{A: w, B: fill(8, n, i), C: fill(4096, n, 1)})))
	}
	b.arrange()
	b.rebind(t)
	var columns []int
	for _, dispatch := range b.Stages[len(b.Stages)-1].Dispatches {
		columns = append(columns, dispatch.Matmul.Shape.N)
	}
	require.Equal(t, []int{128, 512, 512, 512, 512}, columns)
	require.Equal(t, 0, b.parts[0].task.Form.B.Len()-32*8, "in the order that they came")
}
