package job_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestErrorsMatchTheirKind(t *testing.T) {
	invalid := &job.InvalidError{Field: "B.rows", Got: "3", Allowed: "4"}
	full := &job.QueueFullError{Limit: "bytes", Tenant: "web", InUse: 7, Max: 8}
	quarantined := &job.QuarantinedError{Until: time.Unix(0, 0).UTC(), Failures: 3, Cause: io.ErrUnexpectedEOF}
	kinds := []error{
		job.ErrInvalid, job.ErrQueueFull, job.ErrClosed, job.ErrCancelled,
		job.ErrExpired, job.ErrReleased, job.ErrFailed, job.ErrHung, job.ErrQuarantined,
	}
	for _, kind := range kinds {
		require.Equal(t, kind == job.ErrInvalid, errors.Is(invalid, kind), kind)
		require.Equal(t, kind == job.ErrQueueFull, errors.Is(full, kind), kind)
		require.Equal(t, kind == job.ErrQuarantined, errors.Is(quarantined, kind), kind)
		for _, other := range kinds {
			require.Equal(t, kind == other, errors.Is(kind, other))
		}
	}
	require.EqualError(t, invalid, "job: invalid B.rows: 3; allowed: 4")
	require.EqualError(t, full, `job: queue full: bytes: 7 of 8 in flight (tenant "web"); retry later`)
	full.RetryAfter = 3 * time.Millisecond
	require.ErrorContains(t, full, "; retry after 3ms")
	require.ErrorIs(t, quarantined, io.ErrUnexpectedEOF)
	require.EqualError(t, quarantined, "job: quarantined until 1970-01-01T00:00:00Z: 3 jobs like it failed: unexpected EOF")
	caused := &job.InvalidError{Field: "A", Cause: io.ErrUnexpectedEOF}
	require.ErrorIs(t, caused, io.ErrUnexpectedEOF)
	require.EqualError(t, caused, "job: invalid A: unexpected EOF")
}
