package actors

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Batches as the device saw them, by the columns of their products.
type seen struct {
	columns [][]int
	at      []time.Duration
	zero    time.Time
}

func (s *seen) fault(b *device.Batch) sim.Fault {
	var columns []int
	for _, d := range b.Stages[len(b.Stages)-1].Dispatches {
		columns = append(columns, d.Matmul.Shape.N)
	}
	s.columns, s.at = append(s.columns, columns), append(s.at, time.Since(s.zero))
	return sim.None()
}

// An idle device takes the first job at once; what comes while it is busy is
// one batch; and however deep the queue, batches bind when there is room.
func TestDeskBatchesWhileTheDeviceIsBusy(t *testing.T) {
	for _, depth := range []int{1, 2, 3} {
		bubble(t, func(t *testing.T) {
			s := &seen{zero: time.Now()}
			r := newRig(t, sim.Config{Launch: time.Second, QueueDepth: depth, Fault: s.fault}, nil)
			w := fill(4, 4, 1)
			first := r.submit(product(w, 1, 1))
			synctest.Wait()
			require.Equal(t, [][]int{{1}}, s.columns, "nobody waits for an idle device")
			for range 5 {
				r.submit(product(w, 1, 2))
			}
			synctest.Wait()
			busy := len(s.columns) // a deeper queue takes some of them now: their time is not known yet
			require.LessOrEqual(t, busy, depth)
			wait(first...)
			wait(r.refs...)
			requireDone(t, r.refs...)
			total := 0
			for _, c := range s.columns {
				total += c[0]
			}
			require.Equal(t, 6, total)
			require.LessOrEqual(t, len(s.columns), depth+1, "%v", s.columns)

			// By now the model knows that a batch takes long: work waits until it ends.
			synctest.Wait()
			n := len(s.columns)
			r.submit(product(w, 1, 1))
			synctest.Wait()
			for range 5 {
				r.submit(product(w, 1, 2))
			}
			wait(r.refs...)
			require.Equal(t, [][]int{{1}, {5}}, s.columns[n:])
		})
	}
}

// A device that can queue is given work ahead when what it has is short.
func TestDeskQueuesShortWorkAhead(t *testing.T) {
	for _, depth := range []int{1, 2, 3} {
		bubble(t, func(t *testing.T) {
			s := &seen{zero: time.Now()}
			r := newRig(t, sim.Config{Launch: time.Second, QueueDepth: depth, Fault: s.fault}, func(c *Config) {
				c.Handover = time.Hour // everything is shorter
			})
			w := fill(4, 4, 1)
			for i := range 5 {
				r.submit(product(w, 1, 1))
				synctest.Wait()
				require.Len(t, s.columns, min(i+1, depth))
			}
			require.LessOrEqual(t, len(r.desk.out), depth, "credits")
			wait(r.refs...)
			requireDone(t, r.refs...)
		})
	}
}

func TestDeskLoad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const ms = time.Millisecond
		zero := time.Now()
		d := &desk{engine: &Engine{info: device.Info{QueueDepth: 3}}}
		require.Equal(t, policy.Load{Depth: 3}, d.load())
		d.out = []*Batch{{predicted: 10 * ms, begun: zero}, {predicted: 20 * ms, begun: zero}, {}}
		require.Equal(t, policy.Load{Batches: 3, Host: 1, Running: 10 * ms, Queued: 20 * ms, Depth: 3}, d.load())
		time.Sleep(4 * ms)
		require.Equal(t, policy.Load{Batches: 3, Host: 1, Running: 6 * ms, Queued: 20 * ms, Depth: 3}, d.load())
		time.Sleep(46 * ms)
		require.Equal(t, policy.Load{Batches: 3, Host: 1, Queued: 20 * ms, Depth: 3}, d.load(), "the first is late")
		d.out, d.ended = d.out[1:], time.Now()
		time.Sleep(5 * ms)
		require.Equal(t, policy.Load{Batches: 2, Host: 1, Running: 15 * ms, Depth: 3}, d.load(), "the second began when the first had ended")
		d.out[0].begun = time.Time{}
		require.Equal(t, policy.Load{Batches: 2, Host: 2, Queued: 20 * ms, Depth: 3}, d.load(), "not yet on the device")
		d.engine.info.QueueDepth = 1
		require.Equal(t, policy.Load{Batches: 2, Depth: 1}, d.load())
	})
}

// The credit that is left standing is one, counts as out, and is used again.
func TestDeskLeavesOneCreditStanding(t *testing.T) {
	r := newRig(t, sim.Config{QueueDepth: 3}, nil)
	var standing *Batch
	for i := range 10 {
		r.at(func() {
			require.NotNil(t, r.desk.standing)
			require.Equal(t, []*Batch{r.desk.standing}, r.desk.out)
			if standing == nil {
				standing = r.desk.standing
			}
			require.LessOrEqual(t, len(r.spare), 3, "batches are reused")
		})
		ts := r.submit(product(fill(4, 4, 1), 1, i))
		wait(ts...)
		r.at(func() {}) // the device actor is done with it
	}
}

// A panic in the picker loses neither the credit nor the work.
func TestDeskKeepsItsCreditInAPanic(t *testing.T) {
	r := newRig(t, sim.Config{}, nil)
	task := r.task(product(fill(4, 4, 1), 1, 1))
	r.at(func() { r.desk.costs = nil }) // the lane's limits cannot be worked out
	r.Submit(task)
	r.sendDevice(isReady)
	for range 10 {
		r.at(func() {})
	}
	r.at(func() {
		require.NotNil(t, r.desk.standing)
		require.Len(t, r.desk.out, 1)
		r.desk.costs = r.Costs
	})
	wait(task)
	requireDone(t, task)
}

func TestDeskLingers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &seen{zero: time.Now()}
		var reasons []CloseReason
		o := &observed{observe: func(b *Outcome) { reasons = append(reasons, b.Reason()) }}
		r := newRig(t, sim.Config{Fault: s.fault}, func(c *Config) {
			c.Linger, c.MaxColumns, c.Observer = 10*time.Millisecond, 4, o
		})
		w, other := fill(4, 4, 1), fill(8, 4, 1)
		r.submit(product(w, 1, 1))
		time.Sleep(4 * time.Millisecond)
		r.submit(product(other, 1, 1)) // a later lane must not put off the first
		time.Sleep(2 * time.Millisecond)
		r.submit(product(w, 1, 2))
		wait(r.refs...)
		require.Equal(t, [][]int{{2}, {1}}, s.columns)
		require.Equal(t, []time.Duration{10 * time.Millisecond, 14 * time.Millisecond}, s.at)

		full := time.Since(s.zero)
		for i := range 4 {
			r.submit(product(w, 1, i))
		}
		wait(r.refs...)
		require.Equal(t, full, time.Since(s.zero), "a full batch does not linger")
		require.NoError(t, r.close(context.Background()))
		require.Equal(t, []CloseReason{Lingered, Lingered, Full}, reasons)
	})
}

// A batch is full, too, when it has as many jobs as it may.
func TestFullOfJobs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &seen{zero: time.Now()}
		var reasons []CloseReason
		o := &observed{observe: func(b *Outcome) { reasons = append(reasons, b.Reason()) }}
		r := newRig(t, sim.Config{Fault: s.fault}, func(c *Config) {
			c.Linger, c.MaxColumns, c.MaxJobs, c.Observer = time.Second, 64, 4, o
		})
		w := fill(4, 4, 1)
		for i := range 8 {
			r.submit(product(w, 1, i))
		}
		wait(r.refs...)
		require.Zero(t, time.Since(s.zero), "a full batch does not linger")
		r.submit(product(w, 1, 1), product(w, 1, 2), product(w, 1, 3))
		wait(r.refs...)
		require.Equal(t, time.Second, time.Since(s.zero))
		require.NoError(t, r.close(context.Background()))
		require.Equal(t, []CloseReason{Full, Full, Lingered}, reasons)
	})
}

func TestDeskClassesAndAges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var order []int
		sizes := map[int]string{}
		s := &seen{zero: time.Now()}
		r := newRig(t, sim.Config{Launch: time.Second, Fault: func(b *device.Batch) sim.Fault {
			order = append(order, b.Stages[len(b.Stages)-1].Dispatches[0].Matmul.Shape.M)
			return s.fault(b)
		}}, func(c *Config) { c.Tuning = policy.PickTuning{AgeStep: time.Hour} })
		submit := func(rows int, p job.Priority, name string) {
			j := product(fill(rows, 4, 1), 1, 1)
			j.Priority, sizes[rows] = p, name
			r.submit(j)
			time.Sleep(time.Millisecond)
		}
		submit(1, job.Normal, "first")
		submit(2, job.Low, "low")
		submit(3, job.Normal, "normal")
		submit(4, job.High, "high")
		submit(5, job.High, "later high")
		wait(r.refs...)
		var names []string
		for _, rows := range order {
			names = append(names, sizes[rows])
		}
		require.Equal(t, []string{"first", "high", "later high", "normal", "low"}, names)
	})
}

// Halves of a failed batch run before what waits, and only the culprit fails.
func TestDeskRetriesFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		culprit := product(fill(4, 4, 1), 1, 3)
		var batches [][]int
		r := newRig(t, sim.Config{Launch: time.Second, Fault: func(b *device.Batch) sim.Fault {
			var rows []int
			bad := false
			for _, d := range b.Stages[len(b.Stages)-1].Dispatches {
				rows = append(rows, d.Matmul.Shape.M*100+d.Matmul.Shape.N)
			}
			bad = reads(b, culprit.B)
			if batches = append(batches, rows); bad {
				return sim.Error(errors.New("bad job"))
			}
			return sim.None()
		}}, nil)
		w := culprit.A
		for _, n := range []int{1, 2, 4} { // a retry does not wait for the compiler
			wait(r.submit(product(w, n, n))...)
		}
		batches = nil
		ts := r.submit(product(w, 1, 1), product(w, 1, 2), culprit, product(w, 1, 4))
		synctest.Wait()
		other := r.submit(product(fill(7, 4, 1), 1, 1)) // waits while the rest is bisected
		wait(ts...)
		wait(other...)
		for i, task := range ts {
			o, err := task.Result()
			if i == 2 {
				require.Equal(t, job.Failed, o)
				require.ErrorContains(t, err, "bad job")
				require.ErrorIs(t, err, job.ErrFailed)
				continue
			}
			require.NoError(t, err)
		}
		require.Equal(t, []int{701}, batches[len(batches)-1], "new work came before a retry: %v", batches)
		require.LessOrEqual(t, len(batches), 2*4-1+1)
	})
}

// reads reports whether a batch reads the memory of v.
func reads(b *device.Batch, v tensor.View) bool {
	for _, s := range b.Stages {
		for _, c := range s.Copies {
			if c.Src.View.Base() == v.Base() {
				return true
			}
		}
		for _, d := range s.Dispatches {
			if d.Matmul != nil && d.Matmul.B.View.Base() == v.Base() {
				return true
			}
		}
	}
	return false
}

// What no job is to blame for is not tried again.
func TestDeskDoesNotRetryALostDevice(t *testing.T) {
	for _, cause := range []error{device.ErrLost, device.ErrClosed, job.ErrHung} {
		r := newRig(t, sim.Config{Launch: time.Microsecond, Fault: func(*device.Batch) sim.Fault { return sim.Error(cause) }}, nil)
		w := fill(4, 4, 1)
		ts := []*Task{r.task(product(w, 1, 1)), r.task(product(w, 1, 2)), r.task(product(w, 1, 3))}
		r.SubmitAll(ts)
		wait(ts...)
		for _, task := range ts {
			_, err := task.Result()
			require.ErrorIs(t, err, cause)
			require.Equal(t, !errors.Is(cause, job.ErrHung), errors.Is(err, job.ErrFailed))
		}
		require.EqualValues(t, 1, r.sim.Batches())
		require.NoError(t, r.close(background))
	}
}

// A batch costs at most two attempts for each of its jobs.
func TestDeskBoundsAttempts(t *testing.T) {
	for name, fault := range map[string]sim.Fault{
		"error": sim.Error(errors.New("always")), "after": sim.ErrorAfter(errors.New("always")),
		"panic": sim.Panic("always"), "memory": sim.OutOfMemory(),
	} {
		t.Run(name, func(t *testing.T) {
			const n = 16
			var attempts atomic.Int64
			r := newRig(t, sim.Config{Fault: func(*device.Batch) sim.Fault { attempts.Add(1); return fault }}, nil)
			var ts []*Task
			for i := range n {
				ts = append(ts, r.task(product(fill(4, 4, 1), 1, i)))
			}
			r.SubmitAll(ts)
			wait(ts...)
			for _, task := range ts {
				o, err := task.Result()
				require.Equal(t, job.Failed, o)
				require.Error(t, err)
			}
			require.NoError(t, r.close(background))
			require.LessOrEqual(t, attempts.Load(), int64(2*n-1))
		})
	}
}

// The model learns the time of what ran, not of the job that it was cut from.
func TestDeskLearnsFromParts(t *testing.T) {
	for _, inPlace := range []int{-1, 1} {
		bubble(t, func(t *testing.T) {
			r := newRig(t, sim.Config{PerColumn: 10 * time.Microsecond}, func(c *Config) {
				c.MaxColumns, c.MaxTime, c.InPlaceBytes = 16, time.Hour, inPlace
			})
			wait(r.submit(product(fill(4, 4, 1), 256, 1))...)
			require.NoError(t, r.close(context.Background()))
			plan := r.refs[0].Plan
			got := r.Costs.Predict(policy.WorkOf(plan).Widen(16))
			require.InEpsilon(t, 160*time.Microsecond, got, 0.1)
		})
	}
}

// A batched product is cut so that a batch takes about Config.MaxTime.
func TestDeskCutsBatchedProductsByMatrices(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var sizes []int
		r := newRig(t, sim.Config{Time: func(b *device.Batch) time.Duration {
			n := b.Stages[len(b.Stages)-1].Dispatches[0].Matmul.Shape.Batch
			sizes = append(sizes, n)
			return time.Duration(n) * time.Millisecond
		}}, func(c *Config) { c.MaxTime = 10 * time.Millisecond })
		for range 8 {
			a := tensor.Batch(make([]float32, 64*64), 64, 8, 8)
			wait(r.submit(&job.Matmul{A: a, B: a, C: tensor.Batch(make([]float32, 64*64), 64, 8, 8)})...)
		}
		requireDone(t, r.refs...)
		require.NoError(t, r.close(context.Background()))
		last := sizes[len(sizes)-4:]
		require.LessOrEqual(t, slices.Max(last), 20, "%v", sizes)
		require.GreaterOrEqual(t, slices.Max(last), 5, "%v", sizes)
	})
}

// What was set aside comes back in the order it was formed in, the halves of
// one batch the last first.
func TestFirstFormed(t *testing.T) {
	batch := func(id uint64) *Batch { return &Batch{Batch: device.Batch{ID: id}} }
	a, b, c, half := batch(7), batch(5), batch(9), batch(5)
	require.Same(t, b, firstFormed([]*Batch{a, b, c}))
	require.Same(t, half, firstFormed([]*Batch{b, a, half, c}))
	require.Same(t, c, firstFormed([]*Batch{c}))
}
