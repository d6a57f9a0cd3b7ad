package server

import (
	"context"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// jobService runs jobs.
type jobService struct{ *Server }

// Submit implements the call.
func (s jobService) Submit(
	ctx context.Context, r *connect.Request[pb.SubmitRequest],
) (*connect.Response[pb.SubmitResponse], error) {
	answers, err := s.submit(ctx, r.Msg.GetSession(), []*pb.Job{r.Msg.GetJob()}, false)
	if err == nil {
		err = answers[0].err
	}
	if err != nil {
		return nil, s.fail(err)
	}
	return connect.NewResponse(&pb.SubmitResponse{C: answers[0].tensor()}), nil
}

// SubmitMany implements the call.
func (s jobService) SubmitMany(
	ctx context.Context, r *connect.Request[pb.SubmitManyRequest],
) (*connect.Response[pb.SubmitManyResponse], error) {
	answers, err := s.submit(ctx, r.Msg.GetSession(), r.Msg.GetJobs(), true)
	if err != nil {
		return nil, s.fail(err)
	}
	m, size := &pb.SubmitManyResponse{}, 0
	for _, a := range answers {
		r := &pb.Result{Id: a.id, Data: a.data, Error: wire.FromError(a.err, time.Now())}
		size += taken(r)
		m.Results = append(m.Results, r)
	}
	// The intake knew neither what was answered before nor the errors.
	if err := errTogether(size, s.room(ctx)); err != nil {
		return nil, s.fail(err)
	}
	return connect.NewResponse(m), nil
}

// submit runs jobs to their end.
func (s jobService) submit(ctx context.Context, name string, jobs []*pb.Job, together bool) ([]answer, error) {
	if n, most := len(jobs), s.cfg.Limits.Jobs; n > most {
		return nil, s.refuse(wire.TooLarge("jobs", "up to "+wire.Count(most), "%d", n), jobs)
	}
	x, fresh, err := s.enter(ctx, name)
	if err != nil {
		return nil, s.refuse(err, jobs)
	}
	defer s.sessions.leave(x)
	b, err := s.bookFor(x, jobs)
	if err != nil {
		return nil, s.refuse(err, jobs)
	}
	c := &collector{left: len(jobs), index: map[uint64]int{}, answers: make([]answer, len(jobs)), done: make(chan struct{})}
	for i, j := range jobs {
		if _, ok := c.index[j.GetId()]; ok {
			return nil, s.refuse(wire.Invalid("id", "another for each job", "%d twice", j.GetId()), jobs)
		}
		c.index[j.GetId()] = i
	}
	if len(jobs) == 0 {
		return nil, nil
	}
	lasting := ctx // what becomes of the jobs when the call is cancelled
	if b == x.book {
		lasting = context.WithoutCancel(ctx)
	} else {
		defer b.close(job.ErrCancelled)
	}
	in := s.newIntake(ctx, x, b, visit{fresh: fresh, listener: c})
	in.whole = together
	in.take(lasting, jobs, together)
	handled(ctx) // the jobs' memory counts as theirs now
	select {
	case <-c.done:
		return c.answers, nil
	case <-ctx.Done():
		_, err := job.Ending(ctx)
		return nil, err
	}
}

// refuse counts jobs none of which is run, and returns why.
func (s jobService) refuse(err error, jobs []*pb.Job) error {
	s.refused.add(err, len(jobs))
	return err
}

// bookFor returns where jobs are remembered: nowhere beyond the call, if they
// have no ids. Then they are given some.
func (s jobService) bookFor(x *session, jobs []*pb.Job) (*book, error) {
	named := 0
	for i, j := range jobs {
		if j == nil {
			return nil, wire.Invalid("job", "a job", "missing")
		}
		if j.GetId() == 0 {
			j.Id = uint64(i + 1)
		} else {
			named++
		}
	}
	switch {
	case named == 0:
		return newBook(&s.cfg.Limits, sharerOf(x), s.kept), nil
	case named < len(jobs):
		return nil, wire.Invalid("id", "an id for every job or for none", "%d of %d", named, len(jobs))
	case x.name == "":
		return nil, wire.Invalid("session", "16 to 64 bytes with an id", "empty")
	}
	return x.book, nil
}

// collector waits for all jobs of a call.
type collector struct {
	mu      sync.Mutex
	left    int
	index   map[uint64]int
	answers []answer
	done    chan struct{}
}

// tell implements listener.
func (c *collector) tell(a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[c.index[a.id]] = a
	if c.left--; c.left == 0 {
		close(c.done)
	}
}
