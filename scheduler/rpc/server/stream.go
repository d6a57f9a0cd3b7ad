package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

type connection = connect.BidiStream[pb.SubmitStreamRequest, pb.SubmitStreamResponse]

// stream is one SubmitStream. One goroutine takes jobs, the call's own sends
// answers, as many at a time as there are.
type stream struct {
	server  *Server
	conn    *connection
	session *session
	wake    chan struct{} // holds one token
	room    chan struct{} // holds one token: answers were taken to be sent
	over    chan struct{} // closed when no more answers are sent

	mu      sync.Mutex
	ready   []answer
	spare   []answer
	bytes   int  // of results in ready
	pending int  // jobs not answered
	last    bool // no more jobs will come
	leaves  bool // the session ends then; of the receiving goroutine alone
	gone    bool // the client is
}

// SubmitStream implements the call.
func (j jobService) SubmitStream(ctx context.Context, conn *connection) error {
	s := j.Server
	m, err := conn.Receive()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case m.GetHello() == nil:
		return s.fail(wire.Invalid("hello", "a Hello in the first message", "missing"))
	}
	x, fresh, err := s.enter(ctx, m.GetHello().GetSession())
	if err != nil {
		return s.fail(err)
	}
	st := &stream{
		server: s, conn: conn, session: x,
		wake: make(chan struct{}, 1), room: make(chan struct{}, 1), over: make(chan struct{}),
	}
	v := visit{epoch: x.book.begin(), fresh: fresh, listener: st}
	if err := conn.Send(&pb.SubmitStreamResponse{Welcome: &pb.Welcome{
		Server: x.run, Session: x.name, MaxMessageBytes: int64(s.cfg.Limits.MessageBytes), Resumed: !fresh,
		MaxJobs: int64(s.cfg.Limits.Jobs),
	}}); err != nil {
		s.sessions.leave(x)
		return err
	}
	if !s.streams.enter() {
		s.sessions.leave(x)
		return s.fail(job.ErrDraining)
	}
	defer s.streams.leave()
	received := make(chan error, 1)
	go func() { // ends when the client has no more to say, or with the call
		// What a stream has sent outlives it; who sent it stays known.
		err := st.receive(context.WithoutCancel(ctx), m, v)
		st.end(err)
		received <- err
		<-st.over
		s.sessions.leave(x)
		if st.leaves && errors.Is(err, io.EOF) {
			s.sessions.end(x)
		}
	}()
	defer close(st.over)
	return st.send(ctx, received)
}

// receive takes messages to the end. Nobody else would catch its panic, which
// must not end the server for all.
func (st *stream) receive(ctx context.Context, m *pb.SubmitStreamRequest, v visit) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			st.server.cfg.Logger.Error("panic in a stream", "cause", cause, "stack", string(debug.Stack()))
			err = st.server.fail(errPanic)
		}
	}()
	in := st.server.newIntake(ctx, st.session, st.session.book, v)
	err = st.take(ctx, in, m)
	for err == nil {
		if len(m.GetJobs()) > 0 && st.session.book.stale(v.epoch) {
			return st.server.fail(errStale) // those jobs may have been left alone
		}
		handled(ctx)
		st.waitForRoom()
		if m, err = st.conn.Receive(); err != nil {
			return err
		}
		if m.GetHello() != nil {
			return st.server.fail(wire.Invalid("hello", "one, in the first message", "another"))
		}
		err = st.take(ctx, in, m)
	}
	return err
}

// errStale ends a stream whose jobs are not taken any more. A client that is still
// there opens another, which is the newest again, and sends them by that.
var errStale = fmt.Errorf("%w: a newer stream of this session has been opened", job.ErrDisconnected)

// waitForRoom returns when not too much waits to be sent: a client that submits
// and does not read gets no further.
func (st *stream) waitForRoom() {
	limits := &st.server.cfg.Limits
	for {
		st.mu.Lock()
		full := st.bytes > limits.MessageBytes || st.pending > limits.Jobs
		st.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-st.room:
		case <-st.over:
			return
		}
	}
}

// end notes that no more jobs will come, and lets go of those that run if nobody
// waits for them.
func (st *stream) end(err error) {
	st.mu.Lock()
	st.last, st.gone = true, !errors.Is(err, io.EOF)
	gone := st.gone
	st.mu.Unlock()
	if gone {
		st.session.book.leave(st)
	}
	st.nudge()
}

// take handles one message. ctx, which does not end, says who sent it.
func (st *stream) take(ctx context.Context, in *intake, m *pb.SubmitStreamRequest) error {
	jobs := m.GetJobs()
	if err := st.check(jobs); err != nil {
		st.server.refused.add(err, len(jobs))
		return st.server.fail(err)
	}
	st.leaves = st.leaves || m.GetLeave()
	if len(m.GetCancel()) > 0 {
		st.session.book.cancel(m.GetCancel())
	}
	if m.GetAnswered() > 0 {
		st.session.book.forget(m.GetAnswered())
	}
	if len(jobs) > 0 {
		st.mu.Lock()
		st.pending += len(jobs)
		st.mu.Unlock()
		in.take(ctx, jobs, m.GetTogether())
	}
	return nil
}

// check returns what is wrong with a message's jobs, none of which is run then.
func (st *stream) check(jobs []*pb.Job) error {
	if n, most := len(jobs), st.server.cfg.Limits.Jobs; n > most {
		return wire.TooLarge("jobs", "up to "+wire.Count(most)+" in a message", "%d", n)
	}
	for _, j := range jobs {
		if j.GetId() == 0 {
			return wire.Invalid("id", "at least 1 in a stream", "0")
		}
	}
	return nil
}

// tell implements listener.
func (st *stream) tell(a answer) {
	st.mu.Lock()
	first := len(st.ready) == 0
	st.ready = append(st.ready, a)
	st.bytes += len(a.data)
	st.mu.Unlock()
	if first {
		st.nudge()
	}
}

func (st *stream) nudge() {
	select {
	case st.wake <- struct{}{}:
	default:
	}
}

// send sends answers until the last. When the server is closed it sends those
// that are still to come, all of them soon.
func (st *stream) send(ctx context.Context, received <-chan error) error {
	draining, closed := st.server.draining, st.server.closed
	var late <-chan time.Time
	out := &outgoing{conn: st.conn, most: st.server.cfg.Limits.MessageBytes}
	for {
		select {
		case <-st.wake:
			runtime.Gosched() // answers that are about to come go along
		case <-draining:
			draining = nil
			if err := st.conn.Send(&pb.SubmitStreamResponse{Draining: true}); err != nil {
				return err
			}
		case <-closed:
			closed, late = nil, time.After(closeTime)
		case <-late:
			return st.server.fail(job.ErrDraining)
		case <-ctx.Done():
			return st.server.ended(ctx)
		}
		answers, pending, over := st.collect()
		if err := out.send(answers); err != nil {
			return err
		}
		switch {
		case over:
			if err := <-received; !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		case closed == nil && pending <= 0:
			return st.server.fail(job.ErrDraining)
		}
	}
}

// closeTime bounds how long a server that is closed sends answers.
const closeTime = 2 * time.Second

// collect returns what is ready, how many jobs are not answered then, and
// whether nothing more will come.
func (st *stream) collect() (answers []answer, pending int, over bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	answers = st.ready
	clear(st.spare)
	st.ready, st.spare = st.spare[:0], answers
	st.pending -= len(answers)
	st.bytes = 0
	select {
	case st.room <- struct{}{}:
	default:
	}
	return answers, st.pending, st.last && (st.gone || st.pending <= 0)
}
