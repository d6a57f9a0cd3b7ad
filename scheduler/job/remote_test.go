package job_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestRetryable(t *testing.T) {
	for _, c := range []struct {
		err   error
		after time.Duration
		retry bool
	}{
		{nil, 0, false},
		{job.ErrInvalid, 0, false},
		{job.ErrFailed, 0, false},
		{job.ErrOutcomeUnknown, 0, false},
		{job.ErrDraining, 0, true},
		{fmt.Errorf("load: %w", job.ErrDisconnected), 0, true},
		{&job.QueueFullError{RetryAfter: time.Second}, time.Second, true},
		{fmt.Errorf("one: %w", &job.QuarantinedError{}), 0, true},
		{&job.RetryableError{Kind: job.ErrHung, Retry: true, After: time.Minute}, time.Minute, true},
		{&job.RetryableError{Kind: job.ErrDraining}, 0, false},
	} {
		after, retry := job.Retryable(c.err)
		require.Equal(t, c.retry, retry, "%v", c.err)
		require.Equal(t, c.after, after, "%v", c.err)
	}
	err := error(&job.RetryableError{Kind: job.ErrHung, Text: "it hangs", After: time.Second})
	require.ErrorIs(t, err, job.ErrHung)
	require.NotErrorIs(t, err, job.ErrFailed)
	require.EqualError(t, err, "it hangs; retry after 1s")
}

func TestHandleOnEnd(t *testing.T) {
	var l job.Life
	l.Init(job.Lease{}, nil)
	calls := 0
	job.HandleOf(&l).OnEnd(func() { calls++ })
	require.Zero(t, calls)
	l.End(job.Failed, job.ErrFailed)
	require.Equal(t, 1, calls)
	job.HandleOf(&l).OnEnd(func() { calls++ }) // it has ended already
	require.Equal(t, 2, calls)
}
