package actors

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// What somebody met outside of a batch leads to a restart, once however many meet
// it: the batch that the device has is answered, what waits runs on the next one.
func TestReport(t *testing.T) {
	bubble(t, func(t *testing.T) {
		second, reopened := sim.Open(sim.Config{}), 0
		r := newRig(t, sim.Config{Launch: time.Minute}, func(c *Config) {
			c.Reopen = func() (*Home, error) {
				reopened++
				time.Sleep(time.Second)
				return &Home{Device: second, Cache: device.NewCache(second, 8), Enter: func() {}, Retire: func() {}}, nil
			}
		})
		w := fill(4, 4, 1)
		running := r.submit(product(w, 1, 1))
		synctest.Wait()
		waiting := r.submit(product(fill(4, 4, 2), 1, 1))
		lost := fmt.Errorf("upload: %w", device.ErrLost)
		for range 3 {
			require.True(t, r.Report(0, lost))
			require.Equal(t, Restarting, r.Health(), "at once")
		}
		wait(running...)
		require.ErrorIs(t, errorOf(running[0]), job.ErrHung)
		require.ErrorIs(t, errorOf(running[0]), device.ErrLost)
		wait(waiting...)
		requireDone(t, waiting...)
		require.EqualValues(t, 1, second.Batches())

		require.True(t, r.Report(0, lost), "of the device before")
		synctest.Wait()
		require.Equal(t, Up, r.Health())
		require.EqualValues(t, 1, r.Restarts())
		require.Zero(t, r.Hangs())
		require.Equal(t, 1, reopened)
		time.Sleep(time.Hour) // until the first device has ended its batch
	})
}

// A hang is counted as one, and a new queue is tried first. Other errors tell
// nothing of the device.
func TestReportOfAHang(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{}, nil)
		require.False(t, r.Report(0, device.ErrOutOfMemory))
		require.False(t, r.Report(0, errors.New("boom")))
		require.Equal(t, Up, r.Health())
		require.False(t, r.Report(0, job.ErrHung))
		synctest.Wait()
		require.Equal(t, Up, r.Health())
		require.EqualValues(t, 1, r.Hangs())
		require.EqualValues(t, 1, r.Restarts())
	})
}

// Nothing is restarted for an engine that closes or was given up.
func TestReportTooLate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{Fault: func(*device.Batch) sim.Fault { return sim.Lost() }}, nil)
		wait(r.submit(product(fill(4, 4, 1), 1, 1))...)
		time.Sleep(time.Minute)
		require.Equal(t, Down, r.Health())
		require.True(t, r.Report(r.Restarts(), device.ErrLost))
		require.Equal(t, Down, r.Health())
		require.NoError(t, r.close(background))
	})
	bubble(t, func(t *testing.T) {
		r := newRig(t, sim.Config{}, nil)
		require.NoError(t, r.close(background))
		require.True(t, r.Report(0, device.ErrLost))
		synctest.Wait()
		require.Zero(t, r.Restarts())
	})
}
