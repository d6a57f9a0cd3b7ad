package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// halting is a service where all jobs of a call but the first have to wait.
type halting struct {
	scheduler.Service
	goOn chan struct{}
}

// SubmitEach implements scheduler.Service.
func (h halting) SubmitEach(ctx context.Context, each []scheduler.Each, told func(i int)) {
	h.Service.SubmitEach(ctx, each[:1], told)
	<-h.goOn
	h.Service.SubmitEach(ctx, each[1:], func(i int) { told(i + 1) })
}

// A job is answered though others of its message still wait to be accepted.
func TestAnswersDoNotWaitForOthers(t *testing.T) {
	goOn := make(chan struct{})
	r := startRig(t, rigConfig{over: func(s scheduler.Service) scheduler.Service { return halting{s, goOn} }})
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second) // else it hangs
	defer stop()
	s := r.dial(rpc.Config{}).Jobs.SubmitStream(ctx)
	require.NoError(t, s.Send(&pb.SubmitStreamRequest{Hello: &pb.Hello{}, Jobs: []*pb.Job{dot(1), dot(2), {Id: 3}}}))
	answer := func() (ids []uint64) {
		for len(ids) == 0 {
			m, err := s.Receive()
			if err != nil {
				close(goOn)
			}
			require.NoError(t, err)
			for _, a := range m.GetResults() {
				ids = append(ids, a.GetId())
			}
		}
		return ids
	}
	for first := []uint64{}; len(first) < 2; { // the third was refused when it was read
		first = append(first, answer()...)
		require.NotContains(t, first, uint64(2))
	}
	close(goOn)
	require.Equal(t, []uint64{2}, answer())
	require.NoError(t, s.CloseRequest())
}
