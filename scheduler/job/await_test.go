package job_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// bubble runs f on a clock of its own. Waiters are pooled; theirs stay inside.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	job.ForgetWaiters()
	defer job.ForgetWaiters()
	synctest.Test(t, f)
}

// awaiting starts an Await and returns where its error will be.
func awaiting(ctx context.Context, l *job.Life) <-chan error {
	ch := make(chan error, 1)
	go func() { ch <- l.Await(ctx) }()
	synctest.Wait()
	return ch
}

func TestAwaitCancelled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var l job.Life
		ctx, cancel := context.WithCancelCause(t.Context())
		got := awaiting(ctx, &l)
		require.True(t, l.Pending())
		why := errors.New("not wanted")
		cancel(why)
		err := <-got
		require.ErrorIs(t, err, job.ErrCancelled)
		require.ErrorIs(t, err, why)
		o, _ := l.Result()
		require.Equal(t, job.Cancelled, o)
	})
}

func TestAwaitExpires(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var l job.Life
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := l.Await(ctx)
		require.Equal(t, time.Hour, time.Since(start))
		require.ErrorIs(t, err, job.ErrExpired)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		o, _ := l.Result()
		require.Equal(t, job.Expired, o)
	})
}

// TestAwaitWaitsForTheHolder: a job whose memory is being written ends when
// its holder lets go, however long the context has ended.
func TestAwaitWaitsForTheHolder(t *testing.T) {
	for _, c := range []struct {
		released, want job.Outcome
	}{{job.Done, job.Cancelled}, {job.Failed, job.Failed}} {
		bubble(t, func(t *testing.T) {
			var l job.Life
			require.True(t, l.Hold())
			ctx, cancel := context.WithCancel(t.Context())
			got := awaiting(ctx, &l)
			cancel()
			synctest.Wait()
			require.Empty(t, got)
			require.False(t, l.Pending() || l.Ended())
			l.Release(c.released, outcomeErrors[c.released])
			err := <-got
			o, _ := l.Result()
			require.Equal(t, c.want, o)
			require.Equal(t, c.want == job.Cancelled, errors.Is(err, job.ErrCancelled))
		})
	}
}

func TestAwaitOfAnEndedJob(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var l job.Life
	l.End(job.Done, nil)
	require.NoError(t, l.Await(ctx), "what is done stays done")
	require.NoError(t, job.HandleOf(&l).Wait(ctx))
}

func TestEnding(t *testing.T) {
	why := errors.New("why")
	past := time.Now().Add(-time.Second)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	caused, cancelCause := context.WithCancelCause(context.Background())
	cancelCause(why)
	expired, cancelExpired := context.WithDeadline(context.Background(), past)
	defer cancelExpired()
	expiredWhy, cancelExpiredWhy := context.WithDeadlineCause(context.Background(), past, why)
	defer cancelExpiredWhy()
	for _, c := range []struct {
		ctx         context.Context
		o           job.Outcome
		kind, cause error
	}{
		{cancelled, job.Cancelled, job.ErrCancelled, context.Canceled},
		{caused, job.Cancelled, job.ErrCancelled, why},
		{expired, job.Expired, job.ErrExpired, context.DeadlineExceeded},
		{expiredWhy, job.Expired, job.ErrExpired, why},
	} {
		o, err := job.Ending(c.ctx)
		require.Equal(t, c.o, o)
		require.ErrorIs(t, err, c.kind)
		require.ErrorIs(t, err, c.cause)
	}
}
