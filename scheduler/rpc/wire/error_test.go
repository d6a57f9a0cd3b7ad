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
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// reasons has an error of package job for every reason.
var reasons = map[pb.Reason]error{
	pb.Reason_REASON_INVALID: job.ErrInvalid, pb.Reason_REASON_QUEUE_FULL: job.ErrQueueFull, pb.Reason_REASON_CLOSED: job.ErrClosed,
	pb.Reason_REASON_CANCELLED: job.ErrCancelled, pb.Reason_REASON_EXPIRED: job.ErrExpired, pb.Reason_REASON_RELEASED: job.ErrReleased,
	pb.Reason_REASON_QUARANTINED: job.ErrQuarantined, pb.Reason_REASON_FAILED: job.ErrFailed, pb.Reason_REASON_HUNG: job.ErrHung,
	pb.Reason_REASON_UNAVAILABLE: job.ErrUnavailable, pb.Reason_REASON_MEMORY_HELD: job.ErrMemoryHeld, pb.Reason_REASON_DRAINING: job.ErrDraining,
	pb.Reason_REASON_TOO_LARGE: job.ErrTooLarge, pb.Reason_REASON_OUTCOME_UNKNOWN: job.ErrOutcomeUnknown,
	pb.Reason_REASON_OUT_OF_MEMORY: job.ErrOutOfMemory, pb.Reason_REASON_CORRUPT: job.ErrCorrupt, pb.Reason_REASON_FORBIDDEN: job.ErrForbidden,
	pb.Reason_REASON_DISCONNECTED: job.ErrDisconnected,
}

// Every reason there is stands for one error of package job, which is the same on the
// other side, among many results and as the error of a call.
func TestErrorsCross(t *testing.T) {
	now := time.Unix(1000, 0)
	for number := range pb.Reason_name {
		reason := pb.Reason(number)
		kind := reasons[reason]
		if reason == pb.Reason_REASON_UNSPECIFIED {
			require.Equal(t, reason, wire.FromError(errors.New("who knows"), now).GetReason())
			require.ErrorIs(t, wire.ToError(&pb.Error{}, now), job.ErrFailed)
			continue
		}
		require.Error(t, kind, "%v: no error of package job has it", reason)
		err := fmt.Errorf("%w: because", kind)
		require.Equal(t, reason, wire.FromError(err, now).GetReason())
		for _, there := range []error{wire.ToError(wire.FromError(err, now), now), wire.Failed(wire.Fail(err, now), now)} {
			require.ErrorIs(t, there, kind)
			require.Equal(t, reason, wire.FromError(there, now).GetReason(), "and from there on")
		}
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
		&job.InvalidError{Field: "size", Got: "3 bytes", Allowed: "up to 2 bytes", Kind: job.ErrTooLarge},
		&job.InvalidError{Field: "content.sha256", Got: "ab", Allowed: "cd", Kind: job.ErrCorrupt},
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
	require.EqualError(t, err, (&job.InvalidError{Field: "A", Cause: v.Err()}).Error(), "it is not said twice")

	burning := &job.HeldError{Cause: fmt.Errorf("%w: it burns", job.ErrHung)}
	err = wire.ToError(wire.FromError(burning, now), now)
	var memory *job.HeldError
	require.ErrorAs(t, err, &memory)
	require.ErrorIs(t, err, job.ErrHung)
	require.EqualError(t, err, burning.Error())
	require.Nil(t, memory.Released, "never, as far as is known")
	_, again := job.Retryable(err)
	require.False(t, again)
}

// Errors that package connect or the network makes have a kind as well.
func TestErrorsOfOthers(t *testing.T) {
	now := time.Unix(1000, 0)
	for code, kind := range map[connect.Code]error{
		connect.CodeUnavailable: job.ErrDisconnected, connect.CodeUnknown: job.ErrDisconnected, connect.CodeCanceled: job.ErrCancelled,
		connect.CodeDeadlineExceeded: job.ErrExpired, connect.CodeUnauthenticated: job.ErrForbidden, connect.CodeUnimplemented: job.ErrInvalid,
		connect.CodeResourceExhausted: job.ErrTooLarge, connect.CodeInvalidArgument: job.ErrInvalid,
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
