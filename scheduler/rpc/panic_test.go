package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// A panic while a job is read ends the job, which has not run.
func TestPanicWhileAJobIsRead(t *testing.T) {
	r := startRig(t, rigConfig{server: server.Config{Tenant: func(_ context.Context, who string) (string, error) {
		if who == "bad" {
			panic("for a test")
		}
		return "", nil
	}}})
	c := r.dial(rpc.Config{RetryFor: time.Minute})
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second) // else it hangs
	defer stop()
	for _, together := range []bool{false, true} {
		bad := softmax(8)
		bad.Tenant = "bad"
		err := c.Do(ctx, bad)
		if together {
			err = c.DoAll(ctx, []job.Job{softmax(8), bad})
		}
		require.ErrorIs(t, err, job.ErrFailed)
		require.ErrorContains(t, err, "the server panicked")
	}
	require.Zero(t, r.scheduler.Audit().Submitted)
	require.NoError(t, c.Do(ctx, softmax(8))) // others go on
}

// panicking is a service that panics when it has accepted the first jobs of a call.
type panicking struct{ scheduler.Service }

// SubmitEach implements scheduler.Service.
func (p panicking) SubmitEach(ctx context.Context, each []scheduler.Each, told func(i int)) {
	p.Service.SubmitEach(ctx, each[:1], told)
	if len(each) > 1 {
		p.Service.SubmitEach(ctx, each[1:2], nil)
		panic("for a test")
	}
}

// SubmitAll implements scheduler.Service.
func (p panicking) SubmitAll(ctx context.Context, jobs []job.Job) ([]job.Handle, error) {
	_, _ = p.Service.SubmitAll(ctx, jobs)
	panic("for a test")
}

// A panic while jobs are submitted ends those of which nobody knows whether they run as
// such. They are not run again; the others are answered.
func TestPanicWhileJobsAreSubmitted(t *testing.T) {
	r := startRig(t, rigConfig{over: func(s scheduler.Service) scheduler.Service { return panicking{s} }})
	c := r.dial(rpc.Config{})
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second) // else it hangs
	defer stop()
	const unknown = pb.Reason_REASON_OUTCOME_UNKNOWN
	for _, m := range []struct {
		jobs *pb.SubmitStreamRequest
		want []pb.Reason
		runs int64 // by now
	}{
		{&pb.SubmitStreamRequest{Jobs: []*pb.Job{dot(1), dot(2), dot(3)}}, []pb.Reason{0, unknown, unknown}, 2},
		{&pb.SubmitStreamRequest{Jobs: []*pb.Job{dot(4), dot(5)}, Together: true}, []pb.Reason{unknown, unknown}, 4},
	} {
		s := c.Jobs.SubmitStream(ctx)
		hello(t, s, someone)
		require.NoError(t, s.Send(m.jobs))
		for err := error(nil); err == nil; _, err = s.Receive() {
			require.NoError(t, ctx.Err())
		}
		again := c.Jobs.SubmitStream(ctx)
		hello(t, again, someone)
		for _, j := range m.jobs.GetJobs() {
			j.Retry = true
		}
		require.NoError(t, again.Send(m.jobs))
		reasons := map[uint64]pb.Reason{}
		for len(reasons) < len(m.want) {
			answer, err := again.Receive()
			require.NoError(t, err)
			for _, a := range answer.GetResults() {
				reasons[a.GetId()] = a.GetError().GetReason()
			}
		}
		for i, j := range m.jobs.GetJobs() {
			require.Equal(t, m.want[i], reasons[j.GetId()], "job %d", j.GetId())
		}
		require.Equal(t, m.runs, r.scheduler.Audit().Submitted)
	}
}
