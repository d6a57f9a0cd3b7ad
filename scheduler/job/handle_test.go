package job_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestHandleOfARunningJob(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var l job.Life
		h := job.HandleOf(&l)
		require.NoError(t, h.Err())
		_, ok := h.Outcome()
		require.False(t, ok)

		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("gave up")
		cancel(why)
		require.Equal(t, why, h.Wait(ctx))
		require.True(t, l.Pending(), "the job goes on")

		done, waited := h.Done(), make(chan error, 1)
		go func() { waited <- h.Wait(t.Context()) }()
		synctest.Wait()
		require.False(t, closed(done))
		require.Empty(t, waited)
		require.True(t, l.End(job.Failed, job.ErrFailed))
		<-done
		require.ErrorIs(t, <-waited, job.ErrFailed)
		require.True(t, closed(h.Done()), "asked after the end")
		o, ok := h.Outcome()
		require.True(t, ok)
		require.Equal(t, job.Failed, o)
	})
}

func TestHandleCancels(t *testing.T) {
	var plain, caused, held, done job.Life
	job.HandleOf(&plain).Cancel()
	require.ErrorIs(t, job.HandleOf(&plain).Err(), job.ErrCancelled)

	why := errors.New("why")
	job.HandleOf(&caused).CancelCause(why)
	require.ErrorIs(t, job.HandleOf(&caused).Err(), job.ErrCancelled)
	require.ErrorIs(t, job.HandleOf(&caused).Err(), why)

	require.True(t, held.Hold())
	job.HandleOf(&held).CancelCause(why)
	job.HandleOf(&held).Cancel() // the first to mark decides
	require.NoError(t, job.HandleOf(&held).Err())
	held.Release(job.Done, nil)
	require.ErrorIs(t, job.HandleOf(&held).Err(), why)

	done.End(job.Done, nil)
	job.HandleOf(&done).Cancel()
	require.NoError(t, job.HandleOf(&done).Err())
}

func TestErrorsOfHandles(t *testing.T) {
	var done, failed, running job.Life
	done.End(job.Done, nil)
	failed.End(job.Failed, job.ErrHung)
	require.NoError(t, job.Errors(nil))
	require.NoError(t, job.Errors([]job.Handle{job.HandleOf(&done), job.HandleOf(&running)}))
	require.ErrorIs(t, job.Errors([]job.Handle{job.HandleOf(&done), job.HandleOf(&failed)}), job.ErrHung)
}

// A Handle that came with an error which nobody looked at does not bring the
// program down, and does not look like a result.
func TestHandleOfNoJob(t *testing.T) {
	var h job.Handle
	h.Cancel()
	h.CancelCause(errors.New("why"))
	require.ErrorIs(t, h.Wait(t.Context()), job.ErrInvalid)
	require.EqualError(t, h.Err(), "job: invalid handle: of no job; allowed: one that was returned without an error")
	require.True(t, closed(h.Done()))
	o, ended := h.Outcome()
	require.True(t, ended)
	require.Equal(t, job.Failed, o)
	called := 0
	h.OnEnd(func() { called++ })
	require.Equal(t, 1, called)
	require.ErrorIs(t, job.Errors([]job.Handle{h}), job.ErrInvalid)
}
