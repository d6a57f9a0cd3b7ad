package fleet_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// A nil context is refused everywhere, and nothing is harmed. Who closes once more
// waits no longer than he may.
func TestNilContextAndCloseBesideClose(t *testing.T) {
	var none context.Context
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, steady(10*time.Second, 0), steady(time.Second, 0))
		w := weight(t, r.Fleet, 64, 1)
		j, _ := product(w)
		h, err := r.Submit(background, j)
		require.NoError(t, err)
		_, opened := fleet.Open(none, fleet.Config{})
		_, service := fleet.OpenService(none, scheduler.Config{DeviceName: "cuda:x,cuda:y"})
		_, submitted := r.Submit(none, j)
		_, together := r.SubmitAll(none, []job.Job{j})
		each := []scheduler.Each{{Job: j}}
		r.SubmitEach(none, each, nil)
		for what, err := range map[string]error{
			"Open": opened, "OpenService": service, "Submit": submitted, "SubmitAll": together, "SubmitEach": each[0].Err,
			"Do": r.Do(none, j), "DoAll": r.DoAll(none, []job.Job{j}), "Wait": h.Wait(none), "Close": r.Close(none),
		} {
			require.ErrorIs(t, err, job.ErrInvalid, what)
			require.ErrorContains(t, err, "context: nil", what)
		}
		start, first := time.Now(), make(chan error, 1)
		go func() { first <- r.Close(background) }()
		time.Sleep(time.Second)
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		require.ErrorIs(t, r.Close(ctx), context.DeadlineExceeded)
		require.Equal(t, 2*time.Second, time.Since(start))
		require.NoError(t, <-first)
		require.NoError(t, h.Err())
		r.end(t)
	})
}
