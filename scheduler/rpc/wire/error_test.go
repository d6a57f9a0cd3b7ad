package wire_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// Every error of package job is the same on the other side, among many results
// and as the error of a call.
func TestErrorsCross(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, kind := range []error{
		job.ErrInvalid, job.ErrQueueFull, job.ErrClosed, job.ErrCancelled, job.ErrExpired, job.ErrReleased, job.ErrQuarantined,
		job.ErrFailed, job.ErrHung, job.ErrMemoryHeld, job.ErrUnavailable, job.ErrDraining, job.ErrOutcomeUnknown,
		job.ErrOutOfMemory, job.ErrForbidden,
	} {
		err := fmt.Errorf("%w: because", kind)
		require.ErrorIs(t, wire.ToError(wire.FromError(err, now), now), kind)
		require.ErrorIs(t, wire.Failed(wire.Fail(err, now), now), kind)
		require.NotEqual(t, connect.CodeUnknown, connect.CodeOf(wire.Fail(err, now)))
	}
	require.NoError(t, wire.ToError(wire.FromError(nil, now), now))
	require.NoError(t, wire.Failed(wire.Fail(nil, now), now))
}

// Errors that say more keep it.
func TestErrorsKeepWhatTheySay(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, err := range []error{
		&job.InvalidError{Field: "B.rows", Got: "3", Allowed: "2"},
		&job.QueueFullError{Limit: "jobs", Tenant: "t", InUse: 9, Max: 9, Excess: 1, Rate: 2.5, RetryAfter: time.Millisecond},
	} {
		require.Equal(t, err, wire.ToError(wire.FromError(err, now), now))
		require.Equal(t, err, wire.Failed(wire.Fail(fmt.Errorf("job 3 of 4: %w", err), now), now))
	}
	var held *job.QuarantinedError
	err := wire.ToError(wire.FromError(&job.QuarantinedError{Until: now.Add(time.Second), Failures: 3, Cause: errors.New("it burns")}, now), now)
	require.ErrorAs(t, err, &held)
	require.Equal(t, now.Add(time.Second), held.Until)
	require.ErrorContains(t, held.Cause, "it burns")

	v := tensor.Matrix(make([]float32, 3), 2, 2) // wrong by a cause
	err = wire.ToError(wire.FromError(&job.InvalidError{Field: "A", Cause: v.Err()}, now), now)
	require.ErrorContains(t, err, "exactly batch*rows*cols")
}

// Errors that package connect or the network makes have a kind as well.
func TestErrorsOfOthers(t *testing.T) {
	now := time.Unix(1000, 0)
	for code, kind := range map[connect.Code]error{
		connect.CodeUnavailable: job.ErrDisconnected, connect.CodeUnknown: job.ErrDisconnected, connect.CodeCanceled: job.ErrCancelled,
		connect.CodeDeadlineExceeded: job.ErrExpired, connect.CodeUnauthenticated: job.ErrForbidden, connect.CodeUnimplemented: job.ErrInvalid,
		connect.CodeResourceExhausted: job.ErrInvalid,
	} {
		require.ErrorIs(t, wire.Failed(connect.NewError(code, errors.New("x")), now), kind, "%v", code)
	}
	refused := errors.New("connection refused")
	for _, err := range []error{refused, connect.NewError(connect.CodeUnavailable, refused)} {
		err = wire.Failed(err, now)
		require.ErrorIs(t, err, refused)
		_, retry := job.Retryable(err)
		require.True(t, retry)
	}
}
