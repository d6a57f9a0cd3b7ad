package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

type stream = connect.BidiStreamForClient[pb.SubmitStreamRequest, pb.SubmitStreamResponse]

// link is one connection to the server.
type link struct {
	stream   *stream
	stop     context.CancelFunc
	down     chan struct{} // closed when nothing more comes
	err      error         // why; set before
	answered bool          // something was; set before
}

// connect opens a stream. ctx bounds the opening.
func (c *Client) connect(ctx context.Context) (*link, error) {
	lasting, stop := context.WithCancel(c.ctx)
	release := context.AfterFunc(ctx, stop)
	s := c.Jobs.SubmitStream(lasting)
	context.AfterFunc(lasting, func() { _ = s.CloseRequest() }) // net/http heeds a context only when it has all of the body
	err := s.Send(&pb.SubmitStreamRequest{Hello: &pb.Hello{Session: c.cfg.Session}})
	var m *pb.SubmitStreamResponse
	if err == nil || errors.Is(err, io.EOF) { // then Receive says why
		m, err = s.Receive()
	}
	if err == nil && m.GetWelcome() == nil {
		err = fmt.Errorf("%w: the server does not say Welcome", job.ErrDisconnected)
	}
	if !release() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		stop()
		if cause := ctx.Err(); cause != nil {
			err = fmt.Errorf("%w: %w", job.ErrDisconnected, cause)
		}
		return nil, wire.Failed(err, time.Now())
	}
	if err := c.welcome(lasting, m.GetWelcome()); err != nil {
		stop()
		return nil, err
	}
	return &link{stream: s, stop: stop, down: make(chan struct{})}, nil
}

// welcome prepares the calls for the server that is there now. After an error it may
// not be there any more, and none is prepared.
func (c *Client) welcome(ctx context.Context, w *pb.Welcome) error {
	c.maxMessage.Store(w.GetMaxMessageBytes())
	c.maxJobs.Store(w.GetMaxJobs())
	known := w.GetResumed() && w.GetServer() == c.server
	if !known {
		if err := c.recover(ctx); err != nil {
			return err
		}
		c.loseRegions()
	}
	c.mu.Lock()
	c.server, c.up = w.GetServer(), true
	clear(c.queue)
	c.queue, c.cancels = c.queue[:0], nil
	c.window.each(func(x *call) {
		x.again = x.sent && known
		x.sent = x.again
		x.queued = true
		c.queue = append(c.queue, x)
	})
	c.mu.Unlock()
	c.nudge()
	return nil
}

// keepConnected serves one link after the other until the client is closed.
func (c *Client) keepConnected(l *link) {
	defer close(c.ended)
	defer c.stop()
	var wait time.Duration
	for {
		begun := time.Now()
		err := c.serve(l)
		if err == nil {
			return
		}
		now := time.Now()
		vain := l.vain() && now.Sub(begun) < c.cfg.RetryFor
		if wait = min(max(2*wait, firstRetry), lastRetry); !vain {
			wait = 0
		}
		c.disconnected(now, !vain)
		if l = c.reconnect(err, wait); l == nil {
			return
		}
	}
}

// vain reports whether the server has ended a link and answered nothing: the next may
// end like it, for the same reason.
func (l *link) vain() bool { return !l.answered && !errors.Is(l.err, job.ErrDisconnected) }

// serve sends and receives until the link is down, or the client is closed and
// has nothing in flight: nil.
func (c *Client) serve(l *link) error {
	go c.receive(l)
	defer l.stop()
	b := &batch{}
	for {
		for c.next(b, time.Now()) {
			if err := l.say(c, b); err != nil {
				return l.wait()
			}
		}
		if c.closed.Load() && c.ledger.InFlight() == 0 {
			return c.leave(l)
		}
		select {
		case <-c.wake:
			runtime.Gosched() // others who are about to submit go along
		case <-l.down:
			return l.err
		}
	}
}

// wait takes what the server has answered already, and returns why the link is
// down. That the server takes no more is known as soon as its last byte is here;
// many megabytes of results may still have to be decoded then.
func (l *link) wait() error {
	select {
	case <-l.down:
	case <-time.After(lastResults):
		l.stop()
		<-l.down
	}
	return l.err
}

// leave ends the session in order.
func (c *Client) leave(l *link) error {
	if l.stream.Send(&pb.SubmitStreamRequest{Leave: true}) == nil && l.stream.CloseRequest() == nil {
		select {
		case <-l.down:
		case <-c.ctx.Done():
		case <-time.After(goodbye):
		}
	}
	return nil
}

const (
	// goodbye is how long a server is waited for that was told that nothing more comes.
	goodbye = time.Second
	// lastResults is how long results may take that a server has sent before it took no
	// more; if it is gone, reading fails at once.
	lastResults = 10 * time.Second
)

// receive takes answers until the link is down.
func (c *Client) receive(l *link) {
	defer close(l.down)
	for {
		m, err := l.stream.Receive()
		if err != nil {
			l.err = wire.Failed(err, time.Now())
			c.mu.Lock()
			c.up = false
			c.mu.Unlock()
			return
		}
		l.answered = l.answered || len(m.GetResults()) > 0
		c.take(m.GetResults(), time.Now())
	}
}

// reconnect tries after some time, until there is a link again; nil when the client is
// closed and nothing is in flight.
func (c *Client) reconnect(cause error, first time.Duration) *link {
	if errors.Is(cause, job.ErrInvalid) || errors.Is(cause, job.ErrForbidden) {
		c.failSent(cause) // to send it again would end the next stream as well
	}
	c.pause(first)
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		c.failOverdue(unreachable(cause), time.Now())
		if c.closed.Load() && c.ledger.InFlight() == 0 || c.ctx.Err() != nil {
			return nil
		}
		ctx, stop := context.WithTimeout(c.ctx, connectTime)
		l, err := c.connect(ctx)
		stop()
		if err == nil {
			return l
		}
		cause = err
		c.pause(wait)
	}
}

// pause waits unless the client is closed at once.
func (c *Client) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-c.ctx.Done():
	}
}

const (
	firstRetry  = 5 * time.Millisecond
	lastRetry   = 200 * time.Millisecond
	connectTime = 2 * time.Second
)

// unreachable makes an error of the connection one that callers know.
func unreachable(cause error) error {
	if errors.Is(cause, job.ErrDisconnected) || errors.Is(cause, job.ErrDraining) || errors.Is(cause, job.ErrForbidden) {
		return cause
	}
	return fmt.Errorf("%w: %w", job.ErrDisconnected, cause)
}

// disconnected notes that there is no server from now on. Calls that had one wait for the
// next as long as others, unless it was there in vain.
func (c *Client) disconnected(now time.Time, served bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.up = false
	c.window.each(func(x *call) {
		if served {
			x.giveUp = time.Time{}
		}
		c.lose(x, now)
	})
}
