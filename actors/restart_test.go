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
