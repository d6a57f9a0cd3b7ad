package rpc_test

import (
	"context"
	"fmt"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// Every job that is refused is counted once: by the scheduler, or by the server, which
// says why.
func TestRefusedJobsAreCounted(t *testing.T) {
	r := startRig(t, rigConfig{server: server.Config{
		Limits: server.Limits{Jobs: 3},
		Tenant: func(_ context.Context, asked string) (string, error) {
			if asked != "" {
				return "", fmt.Errorf("%w: %q", job.ErrForbidden, asked)
			}
			return "", nil
		},
	}})
	c := r.dial(rpc.Config{})
	counted := func(why pb.Reason, want int64) {
		t.Helper()
		require.Equal(t, want, r.server.Refused(why), "%v", why)
	}
	many := func(jobs ...*pb.Job) {
		t.Helper()
		_, _ = c.Jobs.SubmitMany(t.Context(), connect.NewRequest(&pb.SubmitManyRequest{Jobs: jobs}))
	}
	stranger := dot(0)
	stranger.Tenant = "bob"

	many(dot(0), dot(0), &pb.Job{}) // one is refused with the others
	counted(pb.Reason_REASON_INVALID, 3)
	many(dot(1), dot(0))
	counted(pb.Reason_REASON_INVALID, 5)
	many(dot(0), dot(0), dot(0), dot(0))
	counted(pb.Reason_REASON_TOO_LARGE, 4)
	many(stranger)
	counted(pb.Reason_REASON_FORBIDDEN, 1)
	require.Zero(t, r.scheduler.Audit().Submitted)
	many(dot(0))
	require.EqualValues(t, 1, r.scheduler.Audit().Submitted)

	s := c.Jobs.SubmitStream(t.Context())
	require.NoError(t, s.Send(&pb.SubmitStreamRequest{Hello: &pb.Hello{}, Jobs: []*pb.Job{dot(1), {Id: 2}}}))
	for n := 0; n < 2; {
		m, err := s.Receive()
		require.NoError(t, err)
		n += len(m.GetResults())
	}
	counted(pb.Reason_REASON_INVALID, 6)
	require.EqualValues(t, 2, r.scheduler.Audit().Submitted)
	require.NoError(t, s.Send(&pb.SubmitStreamRequest{Jobs: []*pb.Job{dot(3), dot(0)}}))
	_, err := s.Receive()
	require.Error(t, err)
	counted(pb.Reason_REASON_INVALID, 8)

	require.NoError(t, r.server.Drain(t.Context()))
	many(dot(0))
	counted(pb.Reason_REASON_DRAINING, 1)
	audit := r.scheduler.Audit()
	require.EqualValues(t, 2, audit.Submitted)
	require.Zero(t, audit.Rejected)
}
