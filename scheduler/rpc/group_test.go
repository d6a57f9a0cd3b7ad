package rpc_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// A group that is sent again by another stream while the server still takes it is one
// group: all of it runs, or nothing.
func TestGroupIsSentAgainWhileItIsTaken(t *testing.T) {
	taken, goOn := make(chan struct{}), make(chan struct{})
	var asked atomic.Bool
	r := startRig(t, rigConfig{server: server.Config{Tenant: func(_ context.Context, who string) (string, error) {
		if who == "slow" && asked.CompareAndSwap(false, true) {
			close(taken)
			<-goOn
			return "", job.ErrForbidden
		}
		return "", nil
	}}})
	c := r.dial(rpc.Config{})
	group := func(retry bool) *pb.SubmitStreamRequest {
		one, two := dot(1), dot(2)
		one.Tenant, one.Retry, two.Retry = "slow", retry, retry
		return &pb.SubmitStreamRequest{Together: true, Jobs: []*pb.Job{one, two}}
	}
	older, newer := c.Jobs.SubmitStream(t.Context()), c.Jobs.SubmitStream(t.Context())
	hello(t, older, someone)
	require.NoError(t, older.Send(group(false)))
	<-taken
	hello(t, newer, someone)
	require.NoError(t, newer.Send(group(true)))
	require.NoError(t, newer.Send(&pb.SubmitStreamRequest{Jobs: []*pb.Job{dot(3)}}))
	results := map[uint64]*pb.Result{}
	receive := func(n int) {
		for len(results) < n {
			m, err := newer.Receive()
			require.NoError(t, err)
			for _, x := range m.GetResults() {
				results[x.GetId()] = x
			}
		}
	}
	for results[3] == nil { // then the group has been taken, too
		receive(len(results) + 1)
	}
	close(goOn)
	receive(3)
	require.Nil(t, results[3].GetError())
	require.Equal(t, pb.Reason_REASON_FORBIDDEN, results[1].GetError().GetReason())
	require.Equal(t, pb.Reason_REASON_FORBIDDEN, results[2].GetError().GetReason())
	require.EqualValues(t, 1, r.scheduler.Audit().Submitted)
}
