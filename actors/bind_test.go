package actors

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// binding returns a batch of whole jobs, bound but not committed, on a device
// that can or cannot read the caller's memory.
func binding(t *testing.T, hostMemory bool, inPlace int, ts ...*Task) *Batch {
	t.Helper()
	d := sim.Open(sim.Config{Discrete: !hostMemory})
	e := &Engine{Config: Config{MaxJobs: 1 << 30, InPlaceBytes: inPlace}, device: d, info: d.Info(), cache: device.NewCache(d, 64)}
	b := e.newBatch()
	b.maxColumns, b.maxProblems = 1<<20, 1<<20
	var keys []bucketKey
	for _, task := range ts {
		if key := bucketOf(task); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		b.openProblem()
		for _, task := range ts {
			if bucketOf(task) == key {
				b.add(task)
			}
		}
	}
	b.rebind(t)
	return b
}

func (b *Batch) rebind(t *testing.T) {
	t.Helper()
	ready, err := b.bindLiving()
	if !ready { // fewer columns may need other kernels
		require.NoError(t, b.compile())
		ready, err = b.bindLiving()
	}
	require.True(t, ready)
	require.NoError(t, err)
}

// A part that is held is written in place wherever the device can.
func TestBindHeld(t *testing.T) {
	b := binding(t, true, 1, newShelf().task(t, product(fill(4, 6, 1), 1, 1)))
	for _, can := range []bool{true, false, true} {
		b.engine.info.HostMemory = can
		b.rebind(t)
		require.Equal(t, can, b.parts[0].inPlace)
		require.True(t, b.parts[0].held)
	}
}

// What is compared is not written in place, nor is what is written in place
// compared, on whatever device the job was to run before.
func TestBindSampled(t *testing.T) {
	b := binding(t, false, 1, newShelf().task(t, product(fill(4, 6, 1), 1, 1)))
	b.parts[0].sampled = true
	b.engine.info.HostMemory = true
	b.check = new(check)
	b.rebind(t)
	require.False(t, b.parts[0].inPlace)
	require.True(t, b.parts[0].task.Pending())
	b.check = nil
	b.rebind(t)
	require.True(t, b.parts[0].inPlace)
	require.False(t, b.parts[0].sampled)
}

func TestBindAloneUsesMemoryWhereItLies(t *testing.T) {
	j := product(fill(4, 6, 1), 1, 1)
	b := binding(t, true, -1, newShelf().task(t, j))
	require.Len(t, b.Stages, 1, "nothing to gather")
	mm := b.Stages[0].Dispatches[0].Matmul
	require.Equal(t, kernels.Shape{Batch: 1, M: 4, N: 1, K: 6}, mm.Shape)
	require.Equal(t, j.A.Base(), mm.A.View.Base())
	require.Equal(t, j.B.Base(), mm.B.View.Base())
	require.NotNil(t, mm.C.Buffer, "the result is staged")
	require.Equal(t, []device.Run{{Columns: 1, Alpha: 1, Bias: -1}}, mm.Runs)
}

func TestBindInPlaceHoldsTheJob(t *testing.T) {
	j := product(fill(4, 6, 1), 1, 1)
	task := newShelf().task(t, j)
	b := binding(t, true, 1, task)
	mm := b.Stages[0].Dispatches[0].Matmul
	require.Nil(t, mm.C.Buffer)
	require.Equal(t, j.C.Base(), mm.C.View.Base())
	require.False(t, task.End(job.Cancelled, job.ErrCancelled), "only marked")
	require.False(t, task.Ended())
	b.rebind(t) // a retry keeps the hold
	require.Len(t, b.parts, 1)
	task.Release(job.Done, nil)
	_, err := task.Result()
	require.ErrorIs(t, err, job.ErrCancelled)
}

func TestBindWideRunsAndGathers(t *testing.T) {
	s, w := newShelf(), fill(4, 6, 1)
	js := []*job.Matmul{product(w, 1, 1), product(w, 3, 2), product(w, 2, 3)}
	js[1].Scale = job.AlphaBeta(2, 3)
	js[2].Bias = fill(1, 2, 9)
	var ts []*Task
	for _, j := range js {
		ts = append(ts, s.task(t, j))
	}
	b := binding(t, true, 1, ts...) // in place does not apply to what is computed together
	require.Len(t, b.Stages, 2)
	require.Len(t, b.Stages[1].Dispatches, 1)
	d := b.Stages[1].Dispatches[0]
	require.True(t, d.Pipeline.Key().BetaNonZero && d.Pipeline.Key().Bias)
	mm := d.Matmul
	require.Equal(t, kernels.Shape{Batch: 1, M: 4, N: 6, K: 6}, mm.Shape)
	require.Equal(t, []device.Run{
		{Columns: 1, Alpha: 1, Bias: -1},
		{Columns: 3, Alpha: 2, Beta: 3, Bias: -1},
		{Columns: 2, Alpha: 1, Bias: 0},
	}, mm.Runs)
	require.Len(t, mm.Biases, 1)
	require.Equal(t, tensor.Dims{1, 4, 2}, mm.Biases[0].View.Dims())
	require.Equal(t, js[2].Bias.Base(), mm.Biases[0].View.Base())

	copies := b.Stages[0].Copies
	require.Len(t, copies, 4, "every B, and the C that is read")
	for _, c := range copies {
		require.Equal(t, c.Src.View.Dims(), c.Dst.View.Dims())
		tensor.Copy(c.Dst.View, c.Src.View)
	}
	col := 0
	for i, j := range js {
		for n := range j.B.Cols() {
			for k := range 6 {
				require.Equal(t, j.B.Value(0, k, n), mm.B.View.Value(0, k, col), "job %d", i)
			}
			col++
		}
	}
	require.Equal(t, 1, mm.B.View.Strides()[1], "columns are contiguous")
	require.Equal(t, 1, mm.C.View.Strides()[1])
	for i := range b.parts { // out finds each job's columns
		out := b.out(&b.parts[i])
		require.Equal(t, js[i].C.Dims(), out.Dims())
		require.Equal(t, mm.C.View.Offset()+b.parts[i].col*4, out.Offset())
	}
}

// Pointers into the slices stay good while many problems fill them, and a
// batch may be bound again.
func TestBindManyProblems(t *testing.T) {
	s := newShelf()
	var ts []*Task
	for i := range 300 {
		w := fill(4, 6, i)
		for n := range 1 + i%3 {
			j := product(w, 1+n, i)
			if i%2 == 0 {
				j.Bias = fill(1, 1+n, i)
			}
			j.Scale = job.AlphaBeta(float32(i), float32(n))
			ts = append(ts, s.task(t, j))
		}
	}
	b := binding(t, true, -1, ts...)
	for range 2 {
		ds := b.Stages[len(b.Stages)-1].Dispatches
		require.Len(t, ds, 300)
		part := 0
		for n := range ds {
			mm := ds[n].Matmul
			require.Same(t, &b.scratch.matmuls[n], mm)
			columns := 0
			for _, run := range mm.Runs {
				p := &b.parts[part]
				require.Equal(t, n, p.problem)
				require.Equal(t, columns, p.col)
				require.Equal(t, p.task.Form.A.Base(), mm.A.View.Base())
				require.Equal(t, p.task.Form.Alpha, run.Alpha)
				require.Equal(t, p.u1-p.u0, run.Columns)
				if run.Bias >= 0 {
					require.Equal(t, p.task.Form.Bias.Base(), mm.Biases[run.Bias].View.Base())
				} else {
					require.True(t, p.task.Form.Bias.IsZero())
				}
				columns += run.Columns
				part++
			}
			require.Equal(t, mm.Shape.N, columns)
		}
		require.Equal(t, len(b.parts), part)
		b.rebind(t)
	}
}

// Jobs that end while the batch is bound are left out of it.
func TestBindLeavesOutEndedJobs(t *testing.T) {
	s := newShelf()
	weights := []tensor.View{fill(4, 6, 1), fill(4, 6, 2)}
	var ts []*Task
	for i := range 6 {
		ts = append(ts, s.task(t, product(weights[i/3], 1, i)))
	}
	b := binding(t, true, 1, ts...)
	for _, i := range []int{0, 4, 5} {
		ts[i].End(job.Cancelled, job.ErrCancelled)
	}
	b.rebind(t)
	require.Len(t, b.parts, 3)
	for _, i := range []int{0, 4, 5} {
		require.EqualValues(t, 1, 2-ts[i].drops.Load())
	}
	ds := b.Stages[len(b.Stages)-1].Dispatches
	require.Equal(t, []int{2, 1}, []int{ds[0].Matmul.Shape.N, ds[1].Matmul.Shape.N})
	require.Equal(t, ds[1].Pipeline.Key(), b.key)

	for _, task := range ts {
		task.End(job.Cancelled, job.ErrCancelled)
	}
	held := b.parts[2] // the lone one was taken in place: its memory may be written
	require.True(t, held.held)
	b.rebind(t)
	require.Len(t, b.parts, 1)
	require.Same(t, held.task, b.parts[0].task)
}

// A cache too small for one batch must not have it compiled for ever.
func TestBindWithATinyKernelCache(t *testing.T) {
	r := newRig(t, sim.Config{Inner: computing(t), Launch: 0}, func(c *Config) { c.Cache = device.NewCache(c.Device, 1) })
	var ts []*Task
	var js []*job.Matmul
	for i := range 6 {
		j := product(fill(4, 6, i), 1+3*i, i) // of different widths, so that keys differ
		js, ts = append(js, j), append(ts, r.task(j))
	}
	r.SubmitAll(ts)
	wait(ts...)
	requireDone(t, ts...)
	for _, j := range js {
		requireProduct(t, j, tensor.View{})
	}
	require.NoError(t, r.close(background))
}

func TestBindForDiscreteMemory(t *testing.T) {
	s := newShelf()
	d := sim.Open(sim.Config{Discrete: true})
	buf, err := d.Alloc(device.SpaceDevice, 4*24)
	require.NoError(t, err)
	loaded := &operand{buffer: buf}
	w := new(tensor.Resident).Of(tensor.Window(nil, 4*24, tensor.F32, tensor.Dims{1, 4, 6}, tensor.Dims{24, 6, 1}, 0))
	var ts []*Task
	for i := range 1000 { // their biases do not fit in what is left of the chunk
		j := product(fill(4, 6, 1), 1+i%2, i)
		j.A, j.Bias = w, fill(1, 1+i%2, i)
		ts = append(ts, loaded.use(s.task(t, j)))
	}
	other := product(fill(4, 6, 2), 2, 3) // an operand of the caller's, copied for the batch
	other.Bias = fill(1, 2, 7)
	ts = append(ts, s.task(t, other))
	b := binding(t, false, 1, ts...)
	last := b.Stages[len(b.Stages)-1]
	require.Empty(t, last.Copies)
	require.Len(t, last.Dispatches, 2)
	for _, dispatch := range last.Dispatches {
		mm := dispatch.Matmul
		for _, r := range []device.Region{mm.A, mm.B, mm.C} {
			require.NotNil(t, r.Buffer, "a kernel was given host memory")
		}
		for _, bias := range mm.Biases {
			require.NotNil(t, bias.Buffer)
			require.Equal(t, mm.Biases[0].Buffer, bias.Buffer, "biases lie in one buffer")
			require.Contains(t, bias.View.Strides(), 0)
		}
	}
	require.Equal(t, loaded.Buffer(), last.Dispatches[0].Matmul.A.Buffer)
	for _, c := range b.Stages[0].Copies {
		tensor.Copy(c.Dst.View, c.Src.View)
	}
	for i := range b.parts { // every bias arrived
		p := &b.parts[i]
		mm := last.Dispatches[p.problem].Matmul
		col := 0
		for _, run := range mm.Runs {
			if col == p.col {
				for n := range run.Columns {
					require.Equal(t, p.task.Form.Bias.Value(0, 0, n), mm.Biases[run.Bias].View.Value(0, 3, n))
				}
			}
			col += run.Columns
		}
	}
}

func TestBindSoftmaxStacksRows(t *testing.T) {
	s := newShelf()
	x := []tensor.View{fill(2, 8, 1), tensor.Batch(make([]float32, 3*2*7), 3, 2, 7), fill(1, 5, 2)}
	ts := []*Task{
		s.task(t, &job.Softmax{X: x[0], Causal: true, QueryOffset: 2}),
		s.task(t, &job.Softmax{X: x[1], Causal: true, QueryOffset: 1}),
		s.task(t, &job.Softmax{X: x[2], Causal: true, QueryOffset: 3}),
	}
	b := binding(t, true, -1, ts...)
	sm := b.Stages[1].Dispatches[0].Softmax
	require.Equal(t, tensor.Dims{1, 2 + 6 + 1, 8}, sm.X.View.Dims())
	require.Equal(t, []device.RowRun{
		{Rows: 2, Cols: 8, Limit: 3, Step: 1},
		{Rows: 2, Cols: 7, Limit: 2, Step: 1},
		{Rows: 2, Cols: 7, Limit: 2, Step: 1},
		{Rows: 2, Cols: 7, Limit: 2, Step: 1},
		{Rows: 1, Cols: 5, Limit: 4, Step: 1},
	}, sm.Rows)
	for i := range b.parts {
		out := b.out(&b.parts[i])
		require.Equal(t, x[i].Dims(), out.Dims())
		require.Equal(t, 8, out.Strides()[1])
	}

	alone := binding(t, true, -1, s.task(t, &job.Softmax{X: x[0]}))
	sm = alone.Stages[0].Dispatches[0].Softmax
	require.Equal(t, x[0].Base(), sm.X.View.Base())
	require.Equal(t, []device.RowRun{{Rows: 2, Cols: 8, Limit: 8}}, sm.Rows)
	require.Equal(t, x[0].Dims(), alone.scratch.results[0].Dims())
}

// A bound batch that is reused keeps nothing of what it was bound to.
func TestBindingsForget(t *testing.T) {
	s := newShelf()
	weights := []tensor.View{fill(4, 6, 1), fill(4, 6, 2), fill(4, 6, 3)}
	var ts []*Task
	for i := range 20 {
		j := product(weights[i%3], 2, i)
		j.Bias = fill(1, 2, i)
		ts = append(ts, s.task(t, j))
	}
	b := binding(t, true, -1, ts...)
	b.engine.recycle(b)
	for _, p := range b.parts[:cap(b.parts)] {
		require.Equal(t, part{}, p)
	}
	for _, m := range b.scratch.matmuls[:cap(b.scratch.matmuls)] {
		require.Equal(t, device.Matmul{}, m)
	}
	for _, c := range b.scratch.gather[:cap(b.scratch.gather)] {
		require.Equal(t, device.Copy{}, c)
	}
	for _, r := range b.scratch.biases[:cap(b.scratch.biases)] {
		require.Equal(t, device.Region{}, r)
	}
	for _, v := range b.scratch.results[:cap(b.scratch.results)] {
		require.Equal(t, none, v)
	}
	for _, list := range [][]device.Pipeline{b.scratch.pipelines, b.scratch.compiled} {
		for _, p := range list[:cap(list)] {
			require.Nil(t, p)
		}
	}
	for _, d := range b.scratch.dispatches[:cap(b.scratch.dispatches)] {
		require.Equal(t, device.Dispatch{}, d)
	}
}
