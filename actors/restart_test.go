package actors

import (
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
)

// A batch that was being bound for one device while another took over is bound
// again, for that one.
func TestBoundForADeviceThatIsGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var second *sim.Device
		second = sim.Open(sim.Config{Fault: func(*device.Batch) sim.Fault {
			require.NotZero(t, second.BytesInUse(), "the batch is staged in its memory")
			return sim.None()
		}})
		var r *rig
		armed := false
		r = newRig(t, sim.Config{}, func(c *Config) {
			c.Reopen = func() (*Home, error) {
				return &Home{Device: second, Cache: device.NewCache(second, 8), Enter: func() {}, Retire: func() {}}, nil
			}
			c.Fault = func(role string) {
				if role == "kernel" && armed {
					armed = false
					r.desk.fall(device.ErrLost, true)
					synctest.Wait() // until its message is here, ahead of the bound batch
				}
			}
		})
		warm := r.submit(product(fill(4, 4, 1), 1, 1))
		wait(warm...)
		requireDone(t, warm...)
		r.at(func() { armed = true })
		ts := r.submit(product(fill(4, 4, 1), 1, 2))
		wait(ts...)
		requireDone(t, ts...)
		require.EqualValues(t, 1, r.sim.Batches())
		require.EqualValues(t, 1, second.Batches())
		require.NoError(t, r.close(background))
		require.Zero(t, second.BytesInUse())
	})
}

// discrete returns a home that cannot write the caller's memory.
func discrete(t *testing.T, fault func(*device.Batch) sim.Fault) *Home {
	d := sim.Open(sim.Config{Inner: computing(t), Discrete: true, Fault: fault})
	return &Home{Device: d, Cache: device.NewCache(d, 8), Enter: func() {}, Retire: func() {}}
}

// A job that was to be written in place, and is held for that, is done by a device
// that cannot, or fails if that one fails.
func TestHeldForADeviceThatIsGone(t *testing.T) {
	for name, fails := range map[string]bool{"done": false, "fails": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var r *rig
				armed := false
				r = newRig(t, sim.Config{Inner: computing(t)}, func(c *Config) {
					c.InPlaceBytes = 1
					c.Reopen = func() (*Home, error) {
						h := discrete(t, nil)
						if fails {
							h.Device.(*sim.Device).Close()
						}
						return h, nil
					}
					c.Fault = func(role string) {
						if role == "kernel" && armed {
							armed = false
							r.desk.fall(device.ErrLost, true)
							synctest.Wait()
						}
					}
				})
				warm := r.submit(product(fill(4, 4, 1), 1, 1))
				wait(warm...)
				requireDone(t, warm...)
				r.at(func() { armed = true })
				j := product(fill(4, 4, 1), 1, 2)
				ts := r.submit(j)
				wait(ts...)
				if fails {
					require.ErrorIs(t, errorOf(ts[0]), job.ErrFailed)
				} else {
					requireDone(t, ts...)
					requireProduct(t, j, tensor.View{})
				}
				require.NoError(t, r.close(background))
			})
		})
	}
}

// So is one that is cut, whose first part was written in place. It is another's
// batch that is lost in between.
func TestCutForADeviceThatIsGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{Inner: computing(t), Launch: time.Second, Fault: failing(sim.Lost(), 2)}, func(c *Config) {
			c.InPlaceBytes, c.MaxColumns, c.MaxJobs = 1, 2, 1
			c.Reopen = func() (*Home, error) { return discrete(t, nil), nil }
		})
		long, urgent := product(fill(4, 4, 1), 6, 1), product(fill(4, 4, 2), 1, 1)
		urgent.Priority = job.High
		ts := r.submit(long)
		synctest.Wait()
		lost := r.submit(urgent)
		wait(append(ts, lost...)...)
		require.ErrorIs(t, errorOf(lost[0]), device.ErrLost)
		requireDone(t, ts...)
		requireProduct(t, long, tensor.View{})
		require.NoError(t, r.close(background))
	})
}

// If that one hangs, it is answered, and told that its memory is in use: the first
// device may have some of it.
func TestCutForADeviceThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var second *sim.Device
		r := newRig(t, sim.Config{Inner: computing(t), Launch: time.Second, Fault: failing(sim.Lost(), 2)}, func(c *Config) {
			guarded(c)
			c.InPlaceBytes, c.MaxColumns, c.MaxJobs = 1, 2, 1
			c.Reopen = func() (*Home, error) {
				h := discrete(t, hanging(1))
				second = h.Device.(*sim.Device)
				return h, nil
			}
		})
		long, urgent := product(fill(4, 4, 1), 6, 1), product(fill(4, 4, 2), 1, 1)
		urgent.Priority = job.High
		ts := r.submit(long)
		synctest.Wait()
		ts = append(ts, r.submit(urgent)...)
		wait(ts...)
		require.ErrorIs(t, errorOf(ts[0]), job.ErrHung)
		require.ErrorIs(t, errorOf(ts[0]), job.ErrMemoryHeld)
		second.Release()
		synctest.Wait()
		require.NoError(t, r.close(background))
	})
}

// A device is retired when it has compiled what it was asked for.
func TestRetireWaitsForTheCompiler(t *testing.T) {
	bubble(t, func(t *testing.T) {
		start := time.Now()
		var retired atomic.Int64
		r := newRig(t, sim.Config{CompileTime: 10 * time.Second, Fault: failing(sim.Lost(), 1)}, func(c *Config) {
			c.Reopen = func() (*Home, error) {
				h := discrete(t, nil)
				h.Retire = func() { retired.Store(int64(time.Since(start))) }
				return h, nil
			}
		})
		first := r.submit(product(fill(4, 4, 1), 1, 1))
		time.Sleep(9 * time.Second)
		second := r.submit(&job.Softmax{X: fill(4, 4, 1)})
		wait(first...)
		require.ErrorIs(t, errorOf(first[0]), device.ErrLost)
		wait(second...)
		requireDone(t, second...)
		time.Sleep(time.Minute)
		require.EqualValues(t, 19*time.Second, retired.Load())
		require.NoError(t, r.close(background))
	})
}

// The device actor may fail to take another device in while Close waits for
// that alone: it takes it in all the same, and the one before is retired.
func TestCloseWhileADeviceTakesOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		second := sim.Open(sim.Config{})
		var closing, failed, retired atomic.Bool
		r := newRig(t, sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.Lost() }}, func(c *Config) {
			c.Reopen = func() (*Home, error) {
				for !closing.Load() {
					time.Sleep(time.Second)
				}
				return &Home{
					Device: second, Cache: device.NewCache(second, 8), Enter: func() {},
					Retire: func() { retired.Store(true) },
				}, nil
			}
			c.Fault = func(role string) {
				if role == "device" && closing.Load() && !failed.Swap(true) {
					synctest.Wait() // until Close waits for this actor
					panic("device actor")
				}
			}
		})
		ts := r.submit(product(fill(4, 4, 1), 1, 1))
		wait(ts...)
		time.Sleep(time.Minute)                                   // until another device is being opened
		time.AfterFunc(time.Hour, func() { closing.Store(true) }) // Close has begun then
		require.NoError(t, r.close(background))
		require.True(t, failed.Load())
		require.True(t, retired.Load())
	})
}

// When a part of a job that is written in place is given up, no other part
// runs any more: the job has ended.
func TestPartsOfAJobThatWasGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var r *rig
		var ready atomic.Bool // actors start before there is a rig
		r = newRig(t, sim.Config{QueueDepth: 2, Fault: hanging(1)}, func(c *Config) {
			c.MaxColumns, c.InPlaceBytes, c.Handover = 2, 0, time.Hour
			c.Fault = func(role string) {
				if role == "device" && ready.Load() && r.claimed() { // by a part that is bound and not committed
					r.desk.fall(job.ErrHung, false)
				}
			}
		})
		ready.Store(true)
		ts := r.submit(product(fill(4, 4, 1), 4, 1))
		wait(ts...)
		require.ErrorIs(t, errorOf(ts[0]), job.ErrMemoryHeld)
		synctest.Wait()
		require.EqualValues(t, 1, r.sim.Batches())
		r.sim.Release()
		synctest.Wait()
		require.NoError(t, r.close(background))
	})
}

// claimed reports whether a batch runs and another, which is on its way to the
// device, holds a job.
func (r *rig) claimed() bool {
	running, _ := r.desk.eldest()
	return running != nil && slices.ContainsFunc(r.desk.out, func(b *Batch) bool {
		return b.stage.Load() == idle && len(b.parts) > 0 && b.parts[0].held
	})
}
