package scheduler_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestExpiresWhileWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := seconds(10)
		s := start(t, scheduler.Config{Device: d})
		w, now := square(t, s, 4), newClock()
		first := busy(t, s, w)
		p := newProbe(w, job.Options{Deadline: now.after(3)})
		err := s.Do(background, p.Matmul)
		now.is(t, 3)
		require.ErrorIs(t, err, job.ErrExpired)
		require.NoError(t, first.Wait(background))
		now.is(t, 10)
		synctest.Wait()
		p.untouched(t)
		require.EqualValues(t, 1, d.Batches(), "an expired job is not computed")
	})
}

func TestExpiresWhileRunning(t *testing.T) {
	for name, submit := range doors {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := start(t, scheduler.Config{Device: seconds(10)})
				now := newClock()
				p := newProbe(square(t, s, 4), job.Options{Deadline: now.after(3)})
				require.ErrorIs(t, submit(s, background, p.Matmul), job.ErrExpired)
				now.is(t, 3)
				time.Sleep(time.Minute)
				p.untouched(t)
				require.EqualValues(t, 1, s.Audit().Expired)
			})
		})
	}
}

func TestTheEarlierDeadlineHolds(t *testing.T) {
	for name, c := range map[string]struct{ context, job, ends float64 }{
		"context's":          {2, 5, 2},
		"job's":              {5, 2, 2},
		"only the context's": {2, 0, 2},
	} {
		for door, submit := range doors {
			t.Run(name+"/"+door, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					s := start(t, scheduler.Config{Device: seconds(10)})
					now := newClock()
					ctx, cancel := context.WithDeadline(background, now.after(c.context))
					defer cancel()
					p := newProbe(square(t, s, 4), job.Options{})
					if c.job > 0 {
						p.Deadline = now.after(c.job)
					}
					err := submit(s, ctx, p.Matmul)
					now.is(t, c.ends)
					require.ErrorIs(t, err, job.ErrExpired)
					require.Equal(t, c.job != 2, errors.Is(err, context.DeadlineExceeded), "%v", err)
					p.untouched(t)
				})
			})
		}
	}
}

func TestCancelWhileWaitingAndRunning(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := seconds(10)
		s := start(t, scheduler.Config{Device: d})
		w, now := square(t, s, 4), newClock()
		running, waiting := newProbe(w, job.Options{}), newProbe(w, job.Options{})
		hr := submit(t, s, running)
		synctest.Wait()
		hw := submit(t, s, waiting)
		cause := errors.New("enough")
		hr.Cancel()
		hw.CancelCause(cause)
		require.ErrorIs(t, hr.Wait(background), job.ErrCancelled)
		require.ErrorIs(t, hw.Wait(background), job.ErrCancelled)
		require.ErrorIs(t, hw.Err(), cause)
		now.is(t, 0)
		time.Sleep(time.Minute)
		running.untouched(t)
		waiting.untouched(t)
		require.EqualValues(t, 1, d.Batches())
		require.EqualValues(t, 2, s.Audit().Cancelled)
	})
}

func TestCancelByContext(t *testing.T) {
	cause := errors.New("enough")
	for name, submit := range doors {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := start(t, scheduler.Config{Device: seconds(10)})
				now := newClock()
				ctx, cancel := context.WithCancelCause(background)
				defer time.AfterFunc(2*time.Second, func() { cancel(cause) }).Stop()
				p := newProbe(square(t, s, 4), job.Options{})
				err := submit(s, ctx, p.Matmul)
				now.is(t, 2)
				require.ErrorIs(t, err, job.ErrCancelled)
				require.ErrorIs(t, err, cause)
				p.untouched(t)
			})
		})
	}
}

// TestInPlaceEndsWhenTheDeviceLetsGo: such a job's memory is being written, so
// that its caller cannot have it back earlier.
func TestInPlaceEndsWhenTheDeviceLetsGo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: seconds(10), InPlaceBytes: 1})
		w, now := square(t, s, 4), newClock()
		h := submit(t, s, newProbe(w, job.Options{}))
		synctest.Wait()
		h.Cancel()
		require.NoError(t, h.Err(), "it runs still")
		require.ErrorIs(t, h.Wait(background), job.ErrCancelled)
		now.is(t, 10)

		err := s.Do(background, newProbe(w, job.Options{Deadline: now.after(13)}).Matmul)
		require.ErrorIs(t, err, job.ErrExpired)
		now.is(t, 20)
	})
}

func TestADeadlineFailsNobodyElse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := seconds(10)
		s := start(t, scheduler.Config{Device: d})
		w, now := square(t, s, 4), newClock()
		busy(t, s, w)
		hurried := newProbe(w, job.Options{Deadline: now.after(15)})
		others := []probe{newProbe(w, job.Options{}), newProbe(w, job.Options{})}
		handles := []job.Handle{submit(t, s, others[0]), submit(t, s, hurried), submit(t, s, others[1])}
		require.ErrorIs(t, handles[1].Wait(background), job.ErrExpired)
		now.is(t, 15)
		require.NoError(t, handles[0].Wait(background))
		require.NoError(t, handles[2].Wait(background))
		now.is(t, 20)
		hurried.untouched(t)
		others[0].written(t)
		others[1].written(t)
		require.EqualValues(t, 2, d.Batches())
	})
}

func TestADoneJobLeavesNoTimer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: seconds(1)})
		now := newClock()
		ctx, cancel := context.WithCancel(background)
		p := newProbe(square(t, s, 4), job.Options{Deadline: now.after(5)})
		h, err := s.Submit(ctx, p.Matmul)
		require.NoError(t, err)
		require.NoError(t, h.Wait(background))
		cancel()
		time.Sleep(10 * time.Second)
		require.NoError(t, h.Err(), "neither the deadline nor the context matters any more")
		require.EqualValues(t, 1, s.Audit().Done)
	})
}
