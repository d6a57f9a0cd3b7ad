package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// loadedTasks returns jobs of a vector each on an operand in device memory.
func loadedTasks(t *testing.T, o *operand, s *shelf, n int) (ts []*Task) {
	t.Helper()
	w := new(tensor.Resident).Of(tensor.Window(nil, 4*64*32, tensor.F32, tensor.Dims{1, 64, 32}, tensor.Dims{64 * 32, 32, 1}, 0))
	for i := range n {
		j := product(fill(64, 32, 1), 1, i)
		j.A = w
		task := o.use(s.task(t, j))
		task.single = true
		ts = append(ts, task)
	}
	return ts
}

// A batch reads vectors where they lie if they are close to each other, with what
// lies in between, and nobody writes there until it is through.
func TestAdjacent(t *testing.T) {
	buf, err := sim.Open(sim.Config{Discrete: true}).Alloc(device.SpaceDevice, 4*64*32)
	require.NoError(t, err)
	o, s := &operand{buffer: buf}, newShelf()
	binding(t, false, 1, loadedTasks(t, o, s, ringJobs-1)...)
	require.Nil(t, o.staging.get(), "too few for a ring")
	biased := loadedTasks(t, o, s, 2*ringJobs)
	for i, task := range biased {
		switch {
		case i < ringJobs:
			task.single = false
		case i > ringJobs:
			task.Form.Problem.BetaNonZero = true
		}
	}
	binding(t, false, 1, biased...)
	require.Zero(t, o.staging.get(), "too few that could lie there")
	binding(t, false, 1, loadedTasks(t, o, s, ringJobs)...)
	b := o.staging.get()
	require.Len(t, b.places, mostPlaces)

	ts := loadedTasks(t, o, s, 24)
	for i, task := range ts {
		task.joinRing()
		require.Equal(t, i, task.place)
	}
	stranger := loadedTasks(t, o, s, 1)
	for name, c := range map[string]struct {
		tasks   []*Task
		columns int // 0: they are gathered
	}{
		"by itself":           {ts[5:6], 1},
		"neighbours":          {ts[:8], 8},
		"in another order":    {[]*Task{ts[2], ts[0], ts[1]}, 3},
		"one between":         {append(ts[:8:8], ts[9:18]...), 18},
		"too many between":    {append(ts[:2:2], ts[10:12]...), 0},
		"one that is not":     {append(ts[:8:8], stranger...), 0},
		"another kernel then": {append(ts[:4:4], ts[5:9]...), 0},
	} {
		for _, task := range c.tasks {
			task.taken = 0 // of the case before
		}
		batch := binding(t, false, 1, c.tasks...)
		mm := batch.Stages[len(batch.Stages)-1].Dispatches[0].Matmul
		require.NoError(t, mm.Check(batch.key), name)
		if c.columns == 0 {
			require.Empty(t, batch.stretches, name)
			require.Len(t, batch.Stages[0].Copies, len(c.tasks), name)
			continue
		}
		require.Len(t, batch.Stages, 1, "%s: nothing to copy", name)
		require.Equal(t, c.columns, mm.Shape.N, name)
		for i, p := range batch.parts {
			require.Same(t, c.tasks[i], p.task, "%s: they stay in their order", name)
		}
		for _, p := range batch.parts {
			require.Equal(t, p.task.Form.B.Value(0, 3, 0), mm.B.View.Value(0, 3, p.col), name)
			require.EqualValues(t, 2, b.places[p.task.place].Load(), name)
		}
		batch.leaveRings()
	}

	ts[8].leaveRing()
	b.places[8].Store(writing + 1)
	for _, task := range ts {
		task.taken = 0
	}
	batch := binding(t, false, 1, append(ts[:8:8], ts[9:18]...)...)
	require.Empty(t, batch.stretches, "one between is being written")
	require.EqualValues(t, writing+1, b.places[8].Load())
	b.places[8].Store(0)
	for _, task := range ts {
		task.leaveRing()
	}
	for i := range b.places {
		require.Zero(t, b.places[i].Load(), "place %d", i)
	}
}
