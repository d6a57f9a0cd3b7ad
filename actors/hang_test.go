package actors

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// hanging makes the batches hang whose numbers, from 1, are given.
func hanging(numbers ...int64) func(*device.Batch) sim.Fault {
	return failing(sim.Hang(), numbers...)
}

func failing(fault sim.Fault, numbers ...int64) func(*device.Batch) sim.Fault {
	var n atomic.Int64
	return func(*device.Batch) sim.Fault {
		at := n.Add(1)
		for _, number := range numbers {
			if at == number {
				return fault
			}
		}
		return sim.None()
	}
}

func guarded(c *Config) { c.Watchdog = policy.DefaultWatchdog() }

func errorOf(t *Task) error {
	_, err := t.Result()
	return err
}

// Who is told of a hang and ends the goroutine, as a test's FailNow does, or panics,
// keeps nobody from being answered, and the next queue from nothing.
func TestHangSurvivesWhoIsTold(t *testing.T) {
	for name, misbehave := range map[string]func(){
		"panic":  func() { panic("told") },
		"goexit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				o := &observed{observe: func(o *Outcome) {
					if o.Err() != nil {
						misbehave()
					}
				}}
				r := newRig(t, sim.Config{QueueDepth: 2, Fault: hanging(1, 2)}, func(c *Config) {
					guarded(c)
					c.Observer, c.Notify = o, func(string, error) { misbehave() }
				})
				hung := r.submit(product(fill(4, 4, 1), 1, 1))
				synctest.Wait()
				hung = append(hung, r.submit(product(fill(4, 4, 1), 1, 2))...)
				synctest.Wait()
				others := r.submit(product(fill(4, 4, 1), 1, 3))
				wait(others...)
				requireDone(t, others...)
				for _, task := range hung {
					require.ErrorIs(t, errorOf(task), job.ErrHung)
				}
				require.EqualValues(t, 3, o.batches.Load(), "every batch once")
				r.sim.Release()
				synctest.Wait()
				require.NoError(t, r.close(background))
			})
		})
	}
}

// A tenant gets back what it was charged ahead for a batch that hung.
func TestHangIsNotCharged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{QueueDepth: 2, Fault: hanging(1)}, guarded)
		ts := r.submit(product(fill(4, 4, 1), 1, 1))
		wait(ts...)
		require.ErrorIs(t, errorOf(ts[0]), job.ErrHung)
		var used time.Duration
		r.at(func() { used = time.Duration(ts[0].Account.Keep.(*tenant).Used()) })
		require.Zero(t, used)
		r.sim.Release()
		synctest.Wait()
		require.NoError(t, r.close(background))
	})
}

// A batch that hangs is answered when the watchdog has lost its patience, and
// what waited behind it runs on a new queue. What the device does later with
// the batch is nobody's result.
func TestHangIsAnsweredAndTheRestRunsOn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{Inner: computing(t), Fault: hanging(1)}, guarded)
		start := time.Now()
		j := product(fill(4, 4, 1), 1, 1)
		before := clone(j.C)
		hung := r.submit(j)
		synctest.Wait()
		others := r.submit(product(fill(4, 4, 1), 1, 2), product(fill(4, 4, 2), 3, 3))
		wait(hung...)
		require.Equal(t, 10*time.Second, time.Since(start))
		require.ErrorIs(t, errorOf(hung[0]), job.ErrHung)
		require.ErrorContains(t, errorOf(hung[0]), "no answer for 10s")
		require.NotErrorIs(t, errorOf(hung[0]), job.ErrMemoryHeld)
		wait(others...)
		requireDone(t, others...)
		require.Equal(t, 10*time.Second, time.Since(start), "nothing waits for longer than the hang")
		require.EqualValues(t, 1, r.Hangs())
		require.EqualValues(t, 1, r.Restarts())
		require.Zero(t, hung[0].drops.Load(), "the device may still read the job")

		r.sim.Release()
		synctest.Wait()
		require.Equal(t, values(before), values(j.C))
		require.EqualValues(t, 3, r.Ledger.Audit().Submitted)
		require.NoError(t, r.close(background))
	})
}

// A job that is written in place ends too, with an error that says that its
// memory is not free yet, and when it is.
func TestHangInPlace(t *testing.T) {
	for _, columns := range []int{1, 7} { // 7: a job in parts, of which more wait
		bubble(t, func(t *testing.T) {
			r := newRig(t, sim.Config{Inner: computing(t), Fault: hanging(1)}, func(c *Config) {
				guarded(c)
				c.InPlaceBytes, c.MaxColumns = 0, 2
			})
			j := product(fill(4, 4, 1), columns, 1)
			ts := r.submit(j)
			synctest.Wait()
			ts[0].End(job.Cancelled, job.ErrCancelled) // marks it
			require.False(t, ts[0].Ended())
			next := r.submit(product(fill(4, 4, 1), 1, 1))
			wait(ts...)
			var held *job.HeldError
			require.ErrorAs(t, errorOf(ts[0]), &held)
			require.ErrorIs(t, held, job.ErrHung)
			wait(next...)
			requireDone(t, next...)
			select {
			case <-held.Released:
				t.Fatal("the device still has it")
			default:
			}
			r.sim.Release()
			<-held.Released
			require.NoError(t, r.close(background))
		})
	}
}

// All that the device has is given up together, whatever the depth.
func TestHangOfADeepQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{QueueDepth: 3, Launch: time.Second, Fault: hanging(2)}, func(c *Config) {
			guarded(c)
			c.Handover = time.Hour
		})
		var ts []*Task
		for i := range 3 {
			ts = append(ts, r.submit(product(fill(4, 4, 1), 1, i))...)
			synctest.Wait()
		}
		ts = append(ts, r.submit(product(fill(4, 4, 1), 1, 4))...) // is let in when the first has ended
		wait(ts...)
		requireDone(t, ts[0])
		for _, task := range ts[1:] {
			require.ErrorIs(t, errorOf(task), job.ErrHung)
		}
		last := r.submit(product(fill(4, 4, 1), 1, 5))
		wait(last...)
		requireDone(t, last...)
		require.EqualValues(t, 1, r.Hangs())
		r.sim.Release()
		time.Sleep(time.Minute) // three batches take some seconds
		require.NoError(t, r.close(background))
	})
}

// A batch may take as long as the model foretells, and some.
func TestSlowIsNotHung(t *testing.T) {
	bubble(t, func(t *testing.T) {
		times := []time.Duration{9 * time.Second, 80 * time.Second, 9 * time.Second, time.Hour}
		r := newRig(t, sim.Config{Time: func(*device.Batch) (d time.Duration) {
			d, times = times[0], times[1:]
			return d
		}}, func(c *Config) {
			guarded(c)
			c.Costs = policy.NewCostModel(policy.Prior{Launch: 100 * time.Millisecond}) // corrections have limits
		})
		for range 3 {
			ts := r.submit(product(fill(4, 4, 1), 1, 1))
			wait(ts...)
			requireDone(t, ts...)
			time.Sleep(time.Hour) // an idle device is not hung
		}
		ts := r.submit(product(fill(4, 4, 1), 1, 1))
		wait(ts...)
		require.ErrorIs(t, errorOf(ts[0]), job.ErrHung)
		require.EqualValues(t, 1, r.Hangs())
		time.Sleep(time.Hour) // until it comes, too late
		require.NoError(t, r.close(background))
	})
}

// Hangs without end are not followed by restarts without end.
func TestHangsInARow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.Hang() }}, guarded)
		start := time.Now()
		var ts []*Task
		for range 8 {
			ts = append(ts, r.submit(product(fill(4, 4, 1), 1, 1))...)
			wait(ts[len(ts)-1])
			require.ErrorIs(t, errorOf(ts[len(ts)-1]), job.ErrHung)
		}
		time.Sleep(10 * time.Second) // the longest pause
		ts = r.submit(product(fill(4, 4, 1), 1, 1))
		synctest.Wait()
		more := r.submit(product(fill(4, 4, 1), 1, 1)) // waits when the device is given up
		wait(append(ts, more...)...)
		require.ErrorIs(t, errorOf(ts[0]), job.ErrHung)
		require.ErrorIs(t, errorOf(more[0]), job.ErrUnavailable)
		require.ErrorIs(t, errorOf(more[0]), job.ErrFailed)
		require.Greater(t, time.Since(start), 90*time.Second, "pauses")
		more = r.submit(product(fill(4, 4, 1), 1, 1))
		wait(more...)
		require.ErrorIs(t, errorOf(more[0]), job.ErrUnavailable)
		require.EqualValues(t, 9, r.Hangs())
		require.EqualValues(t, 8, r.Restarts())
		r.sim.Release()
		synctest.Wait()
		require.NoError(t, r.close(background))
	})
}

// stuck is a device whose queues cannot be closed while a batch hangs.
type stuck struct {
	*sim.Device
	released chan struct{}
}

type stuckQueue struct {
	device.Queue
	released chan struct{}
}

func (d stuck) NewQueue() (device.Queue, error) {
	q, err := d.Device.NewQueue()
	return stuckQueue{q, d.released}, err
}

func (q stuckQueue) Close() error {
	<-q.released
	return q.Queue.Close()
}

// Close returns even if the device never does, in whatever state it hangs.
func TestCloseOfAHungDevice(t *testing.T) {
	for name, inPlace := range map[string]int{"staged": -1, "in place": 0} {
		for _, patient := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					released := make(chan struct{})
					var d *sim.Device
					r := newRig(t, sim.Config{Fault: hanging(1)}, func(c *Config) {
						guarded(c)
						d = c.Device.(*sim.Device)
						c.Device, c.InPlaceBytes = stuck{d, released}, inPlace
					})
					ts := r.submit(product(fill(4, 4, 1), 1, 1))
					synctest.Wait()
					ts = append(ts, r.submit(product(fill(4, 4, 2), 1, 1))...)
					ctx, cancel := context.WithCancel(background)
					if !patient {
						cancel()
					}
					if patient {
						close(released) // the next queue is a good one
					}
					start := time.Now()
					err := r.Close(ctx)
					r.closed = true
					require.Equal(t, 10*time.Second, time.Since(start))
					for _, task := range ts {
						require.True(t, task.Ended())
					}
					require.Error(t, errorOf(ts[0]))
					if patient {
						require.NoError(t, err)
						requireDone(t, ts[1])
					} else {
						require.ErrorIs(t, err, job.ErrClosed)
						require.ErrorIs(t, errorOf(ts[1]), job.ErrClosed)
					}
					clear := false
					r.Clear(func() { clear = true })
					require.False(t, clear)
					if !patient {
						close(released) // the device ends what it has when its queue is closed
					}
					d.Release()
					synctest.Wait()
					require.True(t, clear)
					require.Zero(t, d.BytesInUse())
					for _, task := range ts {
						require.EqualValues(t, 1, 2-task.drops.Load())
					}
					cancel()
				})
			})
		}
	}
}

// Half of a failed batch hangs while the engine closes: the other half, which
// waits for the room that it has, comes to its end too.
func TestCloseWhileARetryWaitsBehindAHang(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var n atomic.Int64
		released := make(chan struct{})
		r := newRig(t, sim.Config{Launch: time.Second, Fault: func(*device.Batch) sim.Fault {
			switch n.Add(1) {
			case 2: // of a batch of two
				return sim.Error(errors.New("bad"))
			case 3:
				return sim.Hang()
			}
			return sim.None()
		}}, func(c *Config) {
			guarded(c)
			c.Device = stuck{c.Device.(*sim.Device), released} // whose Close ends no hang
		})
		ts := r.submit(product(fill(4, 4, 1), 1, 1))
		synctest.Wait()
		w := fill(4, 4, 2)
		ts = append(ts, r.submit(product(w, 1, 2), product(w, 1, 3))...)
		wait(ts[0])
		time.Sleep(time.Second) // the two fail together, and one of them hangs
		synctest.Wait()
		require.EqualValues(t, 3, n.Load())
		ctx, cancel := context.WithCancel(background)
		cancel()
		start := time.Now()
		require.ErrorIs(t, r.Close(ctx), job.ErrClosed)
		r.closed = true
		require.Equal(t, 10*time.Second, time.Since(start), "the watchdog's patience")
		for _, task := range ts[1:] {
			require.ErrorIs(t, errorOf(task), job.ErrClosed)
		}
		close(released)
		r.sim.Release()
		time.Sleep(time.Minute) // the batch takes a second
		r.check()
	})
}

// A lost device is opened again, and what waited runs on the next one. The job
// that ran ends with what the device says of it or, if the loss shows before
// that, as one that the device may still have.
func TestLostDeviceIsOpenedAgain(t *testing.T) {
	for depth, ended := range map[int]error{1: job.ErrFailed, 2: job.ErrHung} {
		bubble(t, func(t *testing.T) {
			second := sim.Open(sim.Config{})
			var retired, entered atomic.Int64
			tries := 0
			r := newRig(t, sim.Config{Launch: time.Second, QueueDepth: depth, Fault: failing(sim.Lost(), 1)}, func(c *Config) {
				guarded(c)
				c.Handover = time.Hour
				c.Reopen = func() (*Home, error) {
					if tries++; tries < 3 {
						return nil, errors.New("not yet")
					}
					return &Home{
						Device: second, Cache: device.NewCache(second, 8),
						Enter: func() { entered.Add(1) }, Retire: func() { retired.Add(1) },
					}, nil
				}
			})
			var ts []*Task
			for i := range 3 {
				ts = append(ts, r.submit(product(fill(4, 4, 1), 1, i))...)
				synctest.Wait()
			}
			wait(ts...)
			require.ErrorIs(t, errorOf(ts[0]), device.ErrLost)
			require.ErrorIs(t, errorOf(ts[0]), ended)
			requireDone(t, ts[1:]...)
			require.NotZero(t, second.Batches())
			require.EqualValues(t, 1, entered.Load())
			if depth > 1 {
				require.Zero(t, retired.Load(), "the batch has not ended")
			}
			time.Sleep(time.Second)
			synctest.Wait()
			require.EqualValues(t, 1, retired.Load())
			require.Zero(t, r.sim.BytesInUse(), "the lost device has all its memory back")
			require.NoError(t, r.close(background))
			require.Zero(t, second.BytesInUse())
		})
	}
}

// A device that finds out that it is lost when a kernel is compiled, or memory
// taken, costs no job.
func TestLossBeforeACommit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		second := sim.Open(sim.Config{})
		r := newRig(t, sim.Config{Fault: failing(sim.Lost(), 1)}, func(c *Config) {
			guarded(c)
			c.Reopen = func() (*Home, error) {
				return &Home{Device: second, Cache: device.NewCache(second, 8), Enter: func() {}, Retire: func() {}}, nil
			}
		})
		q, err := r.sim.NewQueue()
		require.NoError(t, err)
		q.Commit(&device.Batch{Done: func(*device.Batch, device.Timing, error) {}})
		require.NoError(t, q.Close())
		ts := r.submit(product(fill(4, 4, 1), 1, 1), product(fill(4, 4, 2), 20, 1))
		wait(ts...)
		requireDone(t, ts...)
		require.NoError(t, r.close(background))
		require.Zero(t, second.BytesInUse())
	})
}

// Batches end in the very moment in which the watchdog gives them up: each job
// ends once, and everything is given back.
func TestHangRacesCompletion(t *testing.T) {
	for i := range 30 {
		bubble(t, func(t *testing.T) {
			var r *rig
			times := []time.Duration{time.Millisecond, time.Second, time.Second, 2 * time.Second}
			r = newRig(t, sim.Config{
				QueueDepth: 1 + i%3,
				Time:       func(*device.Batch) time.Duration { return times[rand.IntN(len(times))] },
				Fault: func(*device.Batch) sim.Fault {
					if rand.IntN(4) > 0 {
						return sim.None()
					}
					time.AfterFunc(time.Second, func() { r.sim.Release() })
					return sim.Hang()
				},
			}, func(c *Config) {
				c.Watchdog = policy.Watchdog{Floor: time.Second, Factor: 1e-9}
				c.MaxColumns, c.InPlaceBytes = 4, []int{-1, 0}[i%2]
			})
			var ts []*Task
			for n := range 40 {
				ts = append(ts, r.submit(product(fill(4, 4, n%3), 1+n%9, n))...)
				wait(ts[rand.IntN(len(ts))])
			}
			wait(ts...)
			for _, task := range ts {
				if o, err := task.Result(); o != job.Done {
					require.True(t, errors.Is(err, job.ErrHung) || errors.Is(err, job.ErrUnavailable), "%v", err)
				}
			}
			time.Sleep(time.Minute) // until everything was released and has run
			require.NoError(t, r.close(background))
		})
	}
}
