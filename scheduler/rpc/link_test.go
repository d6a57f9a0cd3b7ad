package rpc_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// failing is a server that ends each stream as soon as there are jobs.
type failing struct {
	metallicv1connect.UnimplementedJobServiceHandler
	streams atomic.Int64
}

// SubmitStream implements metallicv1connect.JobServiceHandler.
func (f *failing) SubmitStream(_ context.Context, s *connect.BidiStream[pb.SubmitStreamRequest, pb.SubmitStreamResponse]) error {
	f.streams.Add(1)
	welcome := &pb.Welcome{Server: "one", MaxMessageBytes: 1 << 20, MaxJobs: 1000, Resumed: true}
	if err := s.Send(&pb.SubmitStreamResponse{Welcome: welcome}); err != nil {
		return err
	}
	for {
		if m, err := s.Receive(); err != nil || len(m.GetJobs()) > 0 {
			return wire.Fail(fmt.Errorf("%w: it cannot be said why", job.ErrFailed), time.Now())
		}
	}
}

// A server that ends each stream and answers nothing is given time, and no more than
// RetryFor.
func TestStreamsThatEndInVain(t *testing.T) {
	bad := &failing{}
	path, h := metallicv1connect.NewJobServiceHandler(bad)
	r := startRig(t, rigConfig{wrap: func(next http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle(path, h)
		mux.Handle("/", next)
		return mux
	}})
	c := r.dial(rpc.Config{RetryFor: 500 * time.Millisecond})
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second) // else it goes on for ever
	defer stop()
	err := c.Do(ctx, softmax(8))
	require.ErrorIs(t, err, job.ErrDisconnected)
	require.ErrorContains(t, err, "it cannot be said why")
	require.Less(t, bad.streams.Load(), int64(50)) // eight if none is slow
}
