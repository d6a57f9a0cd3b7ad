package scheduler_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// A nil context is refused everywhere, by a running scheduler, too, and nothing is
// harmed: what runs ends, and Close closes.
func TestNilContext(t *testing.T) {
	var none context.Context
	_, err := scheduler.Open(none, scheduler.Config{Device: sim.Open(sim.Config{}), Warm: []kernels.Problem{{}}})
	refused := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, job.ErrInvalid)
		require.ErrorContains(t, err, "context: nil")
	}
	refused(err)
	bubble(t, func(t *testing.T) {
		s := openSim(t, scheduler.Config{Device: seconds(1)})
		p := newProbe(square(t, s, 4), job.Options{})
		h := submit(t, s, p)
		refused(h.Wait(none))
		refused(s.Close(none))
		for _, door := range doors {
			refused(door(s, none, newProbe(square(t, s, 4), job.Options{}).Matmul))
		}
		require.NoError(t, h.Wait(background))
		refused(h.Wait(none)) // also when it has ended
		p.written(t)
		require.NoError(t, s.Close(background))
		refused(s.Close(none))
		balanced(t, s)
	})
}

// fragile is a recorder that cannot be flushed.
type fragile struct{ listener }

func (*fragile) Flush(context.Context) error { panic("boom") }

// A Close that panicked does not make others wait for ever, nor one that still
// waits those who have no time.
func TestCloseBesideClose(t *testing.T) {
	s, err := scheduler.Open(background, scheduler.Config{Device: sim.Open(sim.Config{}), Recorder: &fragile{}})
	require.NoError(t, err)
	require.PanicsWithValue(t, "boom", func() { _ = s.Close(background) })
	require.ErrorContains(t, s.Close(background), "panicked")

	bubble(t, func(t *testing.T) {
		s := openSim(t, scheduler.Config{Device: seconds(10)})
		h, now := submit(t, s, newProbe(square(t, s, 4), job.Options{})), newClock()
		first := make(chan error, 1)
		go func() { first <- s.Close(background) }()
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		err := s.Close(ctx)
		now.is(t, 2)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NoError(t, errors.Join(<-first, h.Wait(background), s.Close(ctx)))
		now.is(t, 10)
	})
}
