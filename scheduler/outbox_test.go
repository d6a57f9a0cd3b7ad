package scheduler_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// absent is an operand that is nowhere, and waited for in vain.
type absent struct{ id tensor.Resident }

// On implements scheduler.Shared.
func (*absent) On(ctx context.Context, _ *scheduler.Scheduler, out *scheduler.Outbox) (*scheduler.Operand, error) {
	out.HandOver()
	<-ctx.Done()
	_, err := job.Ending(ctx)
	return nil, err
}

// times is a product with the operand, which is n x n.
func (a *absent) times(n int) *job.Matmul {
	a.id.Owner = a
	w := a.id.Of(tensor.Window(nil, 4*n*n, tensor.F32, tensor.Dims{1, n, n}, tensor.Dims{n * n, n, 1}, 0))
	return &job.Matmul{A: w, B: tensor.Vector(make([]float32, n)), C: tensor.Vector(make([]float32, n))}
}

// An operand is waited for as long as the caller's context lasts.
func TestOperandIsWaitedForAsLongAsItsContext(t *testing.T) {
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s, now := start(t, scheduler.Config{Device: seconds(1)}), newClock()
				ctx, stop := context.WithTimeout(background, 2*time.Second)
				defer stop()
				require.ErrorIs(t, door(s, ctx, new(absent).times(4)), job.ErrExpired)
				now.is(t, 2)
				require.EqualValues(t, 1, s.Audit().Rejected)
			})
		})
	}
}

// Jobs run while one after them in the call waits for its operand, as for room.
func TestSubmitEachRunsWhatComesBefore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: seconds(1)})
		ctx, stop := context.WithTimeout(background, time.Minute)
		defer stop()
		each := []scheduler.Each{{Job: rows(8)}, {Job: rows(8)}, {Job: new(absent).times(4)}, {Job: rows(8)}}
		var call sync.WaitGroup
		call.Go(func() { s.SubmitEach(ctx, each, nil) })
		time.Sleep(2 * time.Second)
		require.EqualValues(t, 2, s.Audit().Done)
		call.Wait()
		require.ErrorIs(t, each[2].Err, job.ErrExpired)
		require.ErrorIs(t, each[3].Err, job.ErrExpired)
	})
}

// Jobs that were accepted run, whatever becomes of the caller who is told so.
func TestSubmitEachOfACallerWhoPanics(t *testing.T) {
	s := start(t, scheduler.Config{Device: sim.Open(sim.Config{})})
	each := []scheduler.Each{{Job: rows(8)}, {Job: rows(8)}, {Job: rows(8)}}
	require.PanicsWithValue(t, "told of 1", func() {
		s.SubmitEach(background, each, func(i int) {
			if i == 1 {
				panic("told of 1")
			}
		})
	})
	for _, e := range each[:2] {
		require.NoError(t, e.Err)
		require.NoError(t, e.Handle.Wait(background))
	}
	require.EqualValues(t, 2, s.Audit().Submitted)
}
