package job_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestErrorsMatchTheirKind(t *testing.T) {
	invalid := &job.InvalidError{Field: "B.rows", Got: "3", Allowed: "4"}
	full := &job.QueueFullError{Limit: "bytes", Tenant: "web", InUse: 7, Max: 8}
	kinds := []error{
		job.ErrInvalid, job.ErrQueueFull, job.ErrClosed, job.ErrCancelled,
		job.ErrExpired, job.ErrReleased, job.ErrFailed, job.ErrHung,
	}
	for _, kind := range kinds {
		require.Equal(t, kind == job.ErrInvalid, errors.Is(invalid, kind), kind)
		require.Equal(t, kind == job.ErrQueueFull, errors.Is(full, kind), kind)
		for _, other := range kinds {
			require.Equal(t, kind == other, errors.Is(kind, other))
		}
	}
	require.EqualError(t, invalid, "job: invalid B.rows: 3; allowed: 4")
	require.EqualError(t, full, `job: queue full: bytes: 7 of 8 in flight (tenant "web"); retry later`)
	caused := &job.InvalidError{Field: "A", Cause: io.ErrUnexpectedEOF}
	require.ErrorIs(t, caused, io.ErrUnexpectedEOF)
	require.EqualError(t, caused, "job: invalid A: unexpected EOF")
}
