package actors

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// observed notes outcomes; observe may be nil.
type observed struct {
	batches atomic.Int64
	observe func(o *Outcome)
}

func (o *observed) BatchEnded(b *Outcome) {
	o.batches.Add(1)
	if o.observe != nil {
		o.observe(b)
	}
}

func TestEngineComputes(t *testing.T) {
	noLeaks(t)
	r := newRig(t, sim.Config{Inner: computing(t)}, nil)
	w := fill(16, 8, 1)
	var js []job.Job
	var before []tensor.View
	for i := range 40 {
		j := product(w, 1+i%3, i)
		if i%2 == 0 {
			j.Scale = job.AlphaBeta(2, float32(i%3))
		}
		if i%5 == 0 {
			j.Bias = fill(1, 1+i%3, i)
		}
		js, before = append(js, j), append(before, clone(j.C))
	}
	ts := r.submit(js...)
	wait(ts...)
	requireDone(t, ts...)
	for i, j := range js {
		requireProduct(t, j.(*job.Matmul), before[i])
	}
	require.NoError(t, r.close(background))
}

// protoactor gives up an actor after 10 restarts in 10 s; here none is, and no
// message is lost.
func TestEngineSurvivesRestarts(t *testing.T) {
	noLeaks(t)
	var panics atomic.Int64
	r := newRig(t, sim.Config{Launch: time.Microsecond}, func(c *Config) {
		c.Shards = 2
		c.Fault = func(role string) {
			if rand.IntN(3) == 0 {
				panics.Add(1)
				panic("injected into " + role)
			}
		}
	})
	var all sync.WaitGroup
	var ts []*Task
	for i := range 400 {
		ts = append(ts, r.task(product(fill(4+i%7, 4, 1), 1, i)))
	}
	for g := range 4 {
		all.Go(func() {
			for i := g; i < len(ts); i += 4 {
				r.Submit(ts[i])
				wait(ts[i])
			}
		})
	}
	all.Wait()
	for _, task := range ts {
		// A batch whose message panicked three times fails, but never silently.
		if o, err := task.Result(); o != job.Done {
			require.ErrorContains(t, err, "failed 3 times")
		}
	}
	require.Greater(t, panics.Load(), int64(200))
	require.NoError(t, r.close(background))
}

// A panic while an actor starts is only one more restart.
func TestEngineSurvivesPanicsAtStart(t *testing.T) {
	var left atomic.Int64
	left.Store(500)
	r := newRig(t, sim.Config{}, func(c *Config) {
		c.Fault = func(string) {
			if left.Add(-1) >= 0 {
				panic("not yet")
			}
		}
	})
	ts := r.submit(product(fill(4, 4, 1), 1, 1))
	wait(ts...)
	requireDone(t, ts...)
	require.NoError(t, r.close(background))
}

// An observer that fails, or ends the goroutine as a test's FailNow does,
// harms no job, and a batch is not accounted for twice.
func TestEngineSurvivesItsObserver(t *testing.T) {
	for name, misbehave := range map[string]func(){
		"panic":  func() { panic("observer") },
		"goexit": runtime.Goexit,
	} {
		for _, launch := range []time.Duration{0, time.Millisecond} { // before and after Commit returns
			t.Run(name, func(t *testing.T) {
				noLeaks(t)
				o := &observed{observe: func(*Outcome) { misbehave() }}
				r := newRig(t, sim.Config{Launch: launch}, func(c *Config) { c.Observer = o })
				for i := range 5 {
					ts := r.submit(product(fill(4, 4, 1), 1, i), product(fill(4, 4, 2), 1, i))
					wait(ts...)
					requireDone(t, ts...)
				}
				require.NoError(t, r.close(background))
				require.EqualValues(t, r.sim.Batches(), o.batches.Load(), "every batch once")
				require.Equal(t, time.Duration(r.sim.Batches())*launch, r.Ledger.Account("").Used())
			})
		}
	}
}

// The callers of the last batch are told before the device actor knows of its
// end: Close must wait for the records and for what the tasks hold.
func TestEngineCloseWaitsForTheBooks(t *testing.T) {
	for range 50 {
		o := &observed{}
		r := newRig(t, sim.Config{Launch: time.Microsecond}, func(c *Config) { c.Observer = o })
		w, view := r.load(fill(4, 4, 1))
		task := w.use(r.task(product(view, 1, 1)))
		r.Submit(task)
		wait(task)
		w.buffer.Free()
		require.NoError(t, r.close(background))
		require.EqualValues(t, 1, o.batches.Load())
		require.Zero(t, w.users.Load())
	}
}

// shutCases are what jobs may be doing when Close gives up waiting.
var shutCases = map[string]struct {
	sim     sim.Config
	inPlace bool
}{
	"waiting behind a hang":    {sim: sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.Hang() }}},
	"hanging and in place":     {sim: sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.Hang() }}, inPlace: true},
	"hanging two deep":         {sim: sim.Config{QueueDepth: 2, Fault: func(*device.Batch) sim.Fault { return sim.Hang() }}},
	"compiling":                {sim: sim.Config{CompileTime: time.Second}},
	"compiling to no avail":    {sim: sim.Config{CompileTime: time.Second, CompileError: func(kernels.Key) error { return errors.New("no") }}},
	"running":                  {sim: sim.Config{Launch: time.Second}},
	"running in place":         {sim: sim.Config{Launch: time.Second}, inPlace: true},
	"failing and to be halved": {sim: sim.Config{Launch: time.Second, Fault: func(*device.Batch) sim.Fault { return sim.OutOfMemory() }}},
}

func TestEngineCloseGivesUp(t *testing.T) {
	for name, c := range shutCases {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r := newRig(t, c.sim, func(cfg *Config) {
					cfg.MaxColumns = 4
					if c.inPlace {
						cfg.InPlaceBytes = 0
					}
				})
				weights := []tensor.View{fill(4, 4, 1), fill(4, 4, 2)}
				var js []job.Job
				for i := range 6 {
					js = append(js, product(weights[i%2], 1+3*(i%3), i))
				}
				ts := r.submit(js...)
				synctest.Wait() // until everybody waits for the device or the clock
				ctx, cancel := context.WithCancelCause(context.Background())
				cancel(errors.New("enough"))
				err := r.close(ctx)
				require.ErrorIs(t, err, job.ErrClosed)
				require.ErrorContains(t, err, "enough")
				for i, task := range ts {
					o, err := task.Result()
					require.NotZero(t, o, "job %d was never answered", i)
					require.Equal(t, o == job.Done, err == nil, "job %d: %v, %v", i, o, err)
					if o != job.Done && !c.inPlace {
						require.ErrorIs(t, err, job.ErrClosed)
					}
				}
			})
		})
	}
}

// A submitter that took its lease before Close may hand the job over after it
// has given up; the job is answered all the same.
func TestEngineCloseAnswersLateJobs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{}, nil)
		late := r.task(product(fill(4, 4, 1), 1, 1))
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		closed := make(chan error)
		go func() { closed <- r.close(ctx) }()
		synctest.Wait() // Close waits for the job
		r.Submit(late)
		require.ErrorIs(t, <-closed, job.ErrClosed)
		_, err := late.Result()
		require.ErrorIs(t, err, job.ErrClosed)
	})
}

func TestEngineCloseRacesCompletions(t *testing.T) {
	noLeaks(t)
	for i := range 30 {
		var closing sync.WaitGroup
		var rigs []*rig
		for range 2 {
			r := newRig(t, sim.Config{Launch: 50 * time.Microsecond, QueueDepth: 1 + i%2}, func(c *Config) {
				c.MaxColumns, c.InPlaceBytes = 8, 64
			})
			w := fill(8, 4, i)
			for n := range 20 {
				r.submit(product(w, 1+(i+n)%12, n))
			}
			rigs = append(rigs, r)
		}
		for _, r := range rigs {
			closing.Go(func() {
				ctx, cancel := context.WithTimeout(background, time.Duration(i*20)*time.Microsecond)
				defer cancel()
				if err := r.Close(ctx); err != nil && !errors.Is(err, job.ErrClosed) {
					t.Error(err)
				}
			})
		}
		closing.Wait()
		for _, r := range rigs {
			r.closed = true
			require.Zero(t, r.sim.BytesInUse())
			for _, task := range r.refs {
				require.True(t, task.Ended())
				require.EqualValues(t, 1, 2-task.drops.Load())
			}
			require.NoError(t, r.sim.Close())
		}
	}
}

// Jobs are cancelled at any moment of their way, under every kind of fault.
func TestEngineCancelAnywhere(t *testing.T) {
	noLeaks(t)
	weights := []tensor.View{fill(8, 4, 1), fill(8, 4, 2)}
	for _, depth := range []int{1, 2} {
		for _, inPlace := range []int{-1, 1} {
			r := newRig(t, sim.Config{
				Inner: computing(t), QueueDepth: depth, CompileTime: 10 * time.Microsecond,
				Fault: func(*device.Batch) sim.Fault {
					switch rand.IntN(12) {
					case 0:
						return sim.OutOfMemory()
					case 1:
						return sim.Error(errors.New("injected"))
					}
					return sim.None()
				},
			}, func(c *Config) { c.MaxColumns, c.InPlaceBytes = 6, inPlace })
			var all sync.WaitGroup
			for g := range 4 {
				var ts []*Task
				var js []*job.Matmul
				var before []tensor.View
				for i := range 150 {
					j := product(weights[i%2], 1+(i+g)%14, i)
					js, before = append(js, j), append(before, clone(j.C))
					ts = append(ts, r.task(j))
				}
				all.Go(func() {
					for i, task := range ts {
						r.Submit(task)
						if i%2 == 0 {
							spin(rand.IntN(3000))
							task.End(job.Cancelled, job.ErrCancelled)
						}
						wait(task)
						o, err := task.Result()
						if (o == job.Done) != (err == nil) {
							t.Errorf("job %d ended %v with error %v", i, o, err)
						}
						if o == job.Done {
							requireProduct(t, js[i], before[i])
						} else if inPlace < 0 {
							require.Equal(t, values(before[i]), values(js[i].C), "C after %v", err)
						}
					}
				})
			}
			all.Wait()
			require.NoError(t, r.close(background))
		}
	}
}

// spin passes a little time in which others may run.
func spin(n int) {
	for i := range n {
		if i%64 == 0 {
			runtime.Gosched()
		}
	}
}

func values(v tensor.View) (xs []float32) {
	for i := range v.Rows() {
		for j := range v.Cols() {
			xs = append(xs, v.Value(0, i, j))
		}
	}
	return xs
}

// A batch that ends within Commit leaves its tasks to their callers before it
// tells them.
func TestEngineGivesUpItsShareOfATask(t *testing.T) {
	r := newRig(t, sim.Config{}, nil)
	ts := []*Task{r.task(product(fill(4, 4, 1), 1, 1)), r.task(product(fill(4, 4, 1), 1, 2))}
	shares := make(chan int32, len(ts))
	for _, task := range ts {
		task.OnEnd(func() { shares <- 2 - task.drops.Load() })
	}
	r.SubmitAll(ts)
	for range ts {
		require.EqualValues(t, 1, <-shares)
	}
	require.NoError(t, r.close(background))
}

func TestEngineDoesNotAllocatePerJob(t *testing.T) {
	r := newRig(t, sim.Config{}, nil)
	j := product(fill(4, 4, 1), 1, 1)
	task := r.task(j)
	r.refs = nil
	done := make(chan struct{}, 1)
	proto := task.Form
	plan, account := task.Plan, task.Account
	lease := account.Lease(proto.Volume())
	end := func() { done <- struct{}{} }
	task.End(job.Cancelled, job.ErrCancelled)
	allocs := testing.AllocsPerRun(200, func() {
		require.NoError(t, account.Admit(1, proto.Volume()))
		t := NewTask()
		t.Form, t.Plan, t.Account, t.Units, t.Class, t.Arrived = proto, plan, account, 1, 1, r.Now()
		t.Init(lease, nil)
		t.OnEnd(end) // one allocation
		r.Submit(t)
		<-done
		t.Drop()
	})
	require.LessOrEqual(t, allocs, 1.5)
}

// bubble runs f on a virtual clock.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}
