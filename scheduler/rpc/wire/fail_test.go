package wire_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// detail returns the one message among an error's details.
func detail(t *testing.T, err error) *pb.Error {
	t.Helper()
	var e *connect.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, e.Details(), 1)
	m, err := e.Details()[0].Value()
	require.NoError(t, err)
	return m.(*pb.Error)
}

// An error without a message gets the one of its code, which it keeps, and its text;
// one with a message is left alone.
func TestDetailed(t *testing.T) {
	now := time.Unix(1000, 0)
	said := errors.New("so it is")
	for code, want := range map[connect.Code]pb.Reason{
		connect.CodeInvalidArgument: pb.Reason_REASON_INVALID, connect.CodeUnimplemented: pb.Reason_REASON_INVALID,
		connect.CodeResourceExhausted: pb.Reason_REASON_TOO_LARGE, connect.CodeCanceled: pb.Reason_REASON_CANCELLED,
		connect.CodeDeadlineExceeded: pb.Reason_REASON_EXPIRED, connect.CodeUnauthenticated: pb.Reason_REASON_FORBIDDEN,
		connect.CodeInternal: pb.Reason_REASON_FAILED, connect.CodeUnknown: pb.Reason_REASON_FAILED,
	} {
		bare := connect.NewError(code, said)
		err := wire.Detailed(fmt.Errorf("call: %w", bare), now)
		require.Equal(t, code, connect.CodeOf(err))
		require.Equal(t, want, detail(t, err).GetReason(), "%v", code)
		require.Equal(t, "so it is", detail(t, err).GetText())
		require.ErrorIs(t, err, said)
		require.Empty(t, bare.Details(), "it may be everybody's")
		require.Equal(t, err, wire.Detailed(err, now))
	}
	require.Equal(t, pb.Reason_REASON_CANCELLED, detail(t, wire.Detailed(context.Canceled, now)).GetReason())
	require.Equal(t, pb.Reason_REASON_EXPIRED, detail(t, wire.Detailed(context.DeadlineExceeded, now)).GetReason())
	require.Equal(t, pb.Reason_REASON_CLOSED, detail(t, wire.Detailed(job.ErrClosed, now)).GetReason())
	require.NoError(t, wire.Detailed(nil, now))
}

// Whatever an error says, its message can be sent.
func TestTextsAreUTF8(t *testing.T) {
	err := wire.Fail(&job.InvalidError{Field: "a\xff", Got: "b\xff", Allowed: "c\xff"}, time.Unix(1000, 0))
	m := detail(t, err)
	require.Equal(t, []string{"a\uFFFD", "b\uFFFD", "c\uFFFD"}, []string{m.GetField(), m.GetGot(), m.GetAllowed()})
}
