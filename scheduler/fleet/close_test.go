package fleet_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// closeIn closes within some time.
func closeIn(f *fleet.Fleet, limit time.Duration) error {
	ctx, stop := context.WithTimeout(background, limit)
	defer stop()
	return f.Close(ctx)
}

// Close waits for a Load and an Update no longer than its context. Their memory stays
// until they have ended, and so do the devices; who closes again waits for that.
func TestCloseWaitsForLoadsInTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{Scheduler: scheduler.Config{HangAfter: time.Hour}}, sim.Open(sim.Config{Discrete: true, Launch: time.Minute}))
		d := r.sims[0]
		w := weight(t, r.Fleet, 64, 1)
		ended := make(chan error, 2)
		go func() { _, err := r.Load(filled(64, 1)); ended <- err }()
		go func() { ended <- w.Update(filled(64, 2)) }()
		synctest.Wait()
		used, start := d.BytesInUse(), time.Now()
		for i := range 2 {
			err := closeIn(r.Fleet, time.Second)
			require.Equal(t, time.Duration(1+i)*time.Second, time.Since(start))
			require.ErrorIs(t, err, job.ErrClosed)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.Equal(t, used, d.BytesInUse())
		r.end(t)
		require.Equal(t, time.Minute, time.Since(start))
		for range 2 {
			if err := <-ended; err != nil { // it finds that Close has released it already
				require.ErrorIs(t, err, job.ErrClosed)
			}
		}
		synctest.Wait()
		require.Zero(t, d.BytesInUse())
	})
}

// Close ends the wait of a job that moves to a device which hangs with its operand.
func TestCloseStrandsJobsInTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		stuck := sim.Open(sim.Config{Discrete: true, Fault: func(*device.Batch) sim.Fault { return sim.Hang() }})
		r := open(t, fleet.Config{Scheduler: scheduler.Config{MaxColumns: 1, HangAfter: -1}},
			lostAfter(1, sim.Config{Launch: 10 * time.Millisecond}), stuck)
		w := weight(t, r.Fleet, 64, 1)
		var handles []job.Handle
		for range 3 {
			j, _ := product(w)
			h, err := r.Submit(background, j)
			require.NoError(t, err)
			handles = append(handles, h)
		}
		time.Sleep(time.Minute)
		require.EqualValues(t, 2, r.Audit().InFlight, "they wait for the other device")
		start := time.Now()
		require.ErrorIs(t, closeIn(r.Fleet, time.Second), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(start))
		for _, h := range handles {
			require.ErrorIs(t, h.Err(), device.ErrLost)
		}
		stuck.Release()
		require.NoError(t, r.Close(background))
		require.Zero(t, stuck.BytesInUse())
	})
}
