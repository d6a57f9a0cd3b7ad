package actors

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Staged and in place: results are put together in memory of ours, or written
// to the caller's as they come.
func eachPlace(t *testing.T, f func(t *testing.T, inPlace int)) {
	t.Run("staged", func(t *testing.T) { f(t, -1) })
	t.Run("in place", func(t *testing.T) { f(t, 1) })
}

func TestSplitCounts(t *testing.T) {
	s := &split{left: 5}
	s.start()
	s.start()
	require.False(t, s.computed(3))
	require.False(t, s.land(), "another part flies")
	require.True(t, s.computed(2))
	require.False(t, s.land(), "more may start")
	require.True(t, s.close())

	failing := &split{left: 2}
	failing.start()
	failing.start()
	failing.fail(errors.New("first"))
	failing.fail(errors.New("second"))
	require.EqualError(t, failing.err, "first")
	require.False(t, failing.computed(2), "a failed job is never whole")
	require.False(t, failing.close())
	require.False(t, failing.land())
	require.True(t, failing.land())
}

func TestSplitComputesAllParts(t *testing.T) {
	eachPlace(t, func(t *testing.T, inPlace int) {
		for _, depth := range []int{1, 2} {
			r := newRig(t, sim.Config{Inner: computing(t), QueueDepth: depth}, func(c *Config) { c.MaxColumns, c.InPlaceBytes = 7, inPlace })
			w := fill(4, 6, 1)
			var js []*job.Matmul
			var before []tensor.View
			var ts []*Task
			for i, n := range []int{50, 1, 7, 8, 3, 21} {
				j := product(w, n, i)
				if i == 3 {
					j.Scale, j.Bias = job.AlphaBeta(2, -1), fill(1, n, 3)
				}
				js, before, ts = append(js, j), append(before, clone(j.C)), append(ts, r.task(j))
			}
			r.SubmitAll(ts)
			wait(ts...)
			requireDone(t, ts...)
			for i, j := range js {
				requireProduct(t, j, before[i])
			}
			require.NoError(t, r.close(background))
			require.GreaterOrEqual(t, r.sim.Dispatches(), int64(13))
		}
	})
}

func TestSplitSoftmax(t *testing.T) {
	r := newRig(t, sim.Config{Inner: computing(t)}, func(c *Config) { c.MaxColumns = 5 })
	rows, batched := fill(23, 4, 1), tensor.Batch(make([]float32, 8*2*4), 8, 2, 4)
	ts := r.submit(&job.Softmax{X: rows, Causal: true}, &job.Softmax{X: batched, Causal: true, QueryOffset: 1})
	wait(ts...)
	requireDone(t, ts...)
	require.Equal(t, float32(1), rows.Value(0, 0, 0), "row 0 attends to one column")
	require.Zero(t, rows.Value(0, 2, 3), "row 2 does not attend to column 3")
	require.NotZero(t, rows.Value(0, 22, 3), "row 22 attends to all")
	for m := range 8 {
		require.Equal(t, float32(0.5), batched.Value(m, 0, 0))
		require.InEpsilon(t, 1./3, batched.Value(m, 1, 2), 1e-6)
	}
}

// The n-th batch fails and is alone in its job: the job fails, once, whatever
// its other parts do, and those that had not started never do.
func TestSplitPartFails(t *testing.T) {
	eachPlace(t, func(t *testing.T, inPlace int) {
		for _, depth := range []int{1, 2} {
			for failing := 1; failing <= 5; failing++ {
				n := 0
				r := newRig(t, sim.Config{QueueDepth: depth, Launch: time.Microsecond, Fault: func(*device.Batch) sim.Fault {
					if n++; n == failing {
						return sim.Error(errors.New("no luck"))
					}
					return sim.None()
				}}, func(c *Config) { c.MaxColumns, c.InPlaceBytes, c.Handover = 4, inPlace, time.Hour })
				ts := r.submit(product(fill(4, 6, 1), 20, 1))
				wait(ts...)
				o, err := ts[0].Result()
				require.Equal(t, job.Failed, o)
				require.ErrorContains(t, err, "no luck")
				require.NoError(t, r.close(background))
				require.LessOrEqual(t, n, failing+depth)
			}
		}
	})
}

// A job cancelled between its parts ends as cancelled, not as failed and
// above all not without an error.
func TestSplitCancelledBetweenParts(t *testing.T) {
	eachPlace(t, func(t *testing.T, inPlace int) {
		for parts := range 6 {
			bubble(t, func(t *testing.T) {
				r := newRig(t, sim.Config{Launch: time.Second}, func(c *Config) { c.MaxColumns, c.InPlaceBytes = 4, inPlace })
				j := product(fill(4, 6, 1), 20, 1)
				before := clone(j.C)
				ts := r.submit(j)
				time.Sleep(time.Duration(parts)*time.Second + time.Second/2)
				synctest.Wait()
				ts[0].End(job.Cancelled, job.ErrCancelled)
				wait(ts...)
				o, err := ts[0].Result()
				if parts == 5 {
					require.Equal(t, job.Done, o)
					require.NoError(t, err)
					return
				}
				require.Equal(t, job.Cancelled, o)
				require.ErrorIs(t, err, job.ErrCancelled)
				require.Less(t, r.sim.Batches(), int64(parts+2))
				if inPlace < 0 {
					require.Equal(t, values(before), values(j.C))
				}
			})
		}
	})
}

// A job that does not fit in memory is halved until it does.
func TestSplitHalvesWhatDoesNotFit(t *testing.T) {
	eachPlace(t, func(t *testing.T, inPlace int) {
		most := 5 // columns
		r := newRig(t, sim.Config{Inner: computing(t), Fault: func(b *device.Batch) sim.Fault {
			if b.Stages[len(b.Stages)-1].Dispatches[0].Matmul.Shape.N > most {
				return sim.OutOfMemory()
			}
			return sim.None()
		}}, func(c *Config) { c.MaxColumns, c.InPlaceBytes = 16, inPlace })
		j := product(fill(4, 6, 1), 37, 1)
		j.Scale = job.AlphaBeta(1, 1) // reads C, so it is never in place
		before := clone(j.C)
		ts := r.submit(j)
		wait(ts...)
		requireDone(t, ts...)
		requireProduct(t, j, before)
		require.NoError(t, r.close(background))
	})
}

// Staging that does not fit is halved as well, and memory that idle batches
// keep is given back first.
func TestSplitHalvesWhatCannotBeStaged(t *testing.T) {
	r := newRig(t, sim.Config{Inner: computing(t), AllocLimit: 2 * arenaFirst}, func(c *Config) { c.MaxColumns = 1024 })
	w := fill(16, 16, 1)
	for i := range 4 {
		j := product(w, 700, i)
		ts := r.submit(j) // C alone is 44,800 bytes
		wait(ts...)
		requireDone(t, ts...)
		requireProduct(t, j, tensor.View{})
	}
	require.NoError(t, r.close(background))
}

func TestSplitFailsWhatCannotBeHalved(t *testing.T) {
	r := newRig(t, sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.OutOfMemory() }}, func(c *Config) { c.MaxColumns = 16 })
	ts := r.submit(product(fill(4, 6, 1), 37, 1))
	wait(ts...)
	_, err := ts[0].Result()
	require.ErrorIs(t, err, device.ErrOutOfMemory)
	require.NoError(t, r.close(background))
}
