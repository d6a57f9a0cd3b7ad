package scheduler_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// closeIn closes within some time.
func closeIn(d job.Doer, limit time.Duration) error {
	ctx, stop := context.WithTimeout(background, limit)
	defer stop()
	return d.Close(ctx)
}

// Close waits for a Load and an Update no longer than its context. Their memory stays
// until they have ended, and so does the device; who closes again waits for that.
func TestCloseWaitsForLoadsInTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		owned := &strict{Device: sim.Open(sim.Config{Discrete: true, Launch: time.Minute})}
		s, w := openOwned(t, owned)
		loaded := inTime(load(s))
		updated := inTime(func() error { return w.Update(constant(8, 1)) })
		now := newClock()
		for i := range 2 {
			err := closeIn(s, time.Second)
			now.is(t, float64(1+i))
			require.ErrorIs(t, err, job.ErrClosed)
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		require.EqualValues(t, 4*(64*64+8*8+8*8), owned.BytesInUse(), "the operand in both versions, and the new one")
		require.False(t, owned.closed.Load())
		require.ErrorIs(t, load(s)(), job.ErrClosed)
		require.NoError(t, s.Close(background))
		now.is(t, 60)
		owned.let(t)
		require.NoError(t, <-loaded)
		require.NoError(t, <-updated)
		balanced(t, s)
	})
}

// So it is for a Load on a device that hangs, where nothing ends it.
func TestCloseWaitsForAHungLoadInTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := hanging(sim.Config{Discrete: true})
		s := openSim(t, scheduler.Config{Device: d, HangAfter: -1})
		loaded := inTime(load(s))
		now := newClock()
		require.ErrorIs(t, closeIn(s, time.Second), context.DeadlineExceeded)
		now.is(t, 1)
		closed := inTime(func() error { return s.Close(background) })
		synctest.Wait()
		require.Empty(t, closed)
		require.NotZero(t, d.BytesInUse())
		d.Release()
		require.NoError(t, <-closed)
		require.NoError(t, <-loaded)
		require.Zero(t, d.BytesInUse())
		require.NoError(t, d.Close())
	})
}

// When nothing is loaded all is over when Close returns, whatever its context.
func TestCloseTooLateIsOver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ended, cancel := context.WithCancel(background)
		cancel()
		for range 10 {
			d := sim.Open(sim.Config{})
			s := openSim(t, scheduler.Config{Device: d})
			square(t, s, 4)
			require.NoError(t, s.Close(ended))
			require.Zero(t, d.BytesInUse())
			require.NoError(t, d.Close())
		}
	})
}
