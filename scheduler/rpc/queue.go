package rpc

import (
	"context"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// enqueue hands a call to whoever sends.
func (c *Client) enqueue(x *call) {
	c.mu.Lock()
	c.put(x)
	c.mu.Unlock()
	c.nudge()
	c.failLate()
}

func (c *Client) enqueueAll(list []*call) {
	c.mu.Lock()
	for _, x := range list {
		c.put(x)
	}
	c.mu.Unlock()
	c.nudge()
	c.failLate()
}

// failLate ends the calls that were queued when nobody sends any more.
func (c *Client) failLate() {
	select {
	case <-c.ended:
		c.failAll(job.ErrClosed)
	default:
	}
}

// put gives the call its id and place.
func (c *Client) put(x *call) {
	c.window.add(x)
	x.message.Id = x.id
	x.queued = true
	c.queue = append(c.queue, x)
	if !c.up {
		c.lose(x, time.Now())
	}
}

// lose notes that there is no server for a call from now on.
func (c *Client) lose(x *call, now time.Time) {
	if x.giveUp.IsZero() {
		x.giveUp = now.Add(max(c.cfg.RetryFor, 0))
	}
}

func (c *Client) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// settle is called once for a call that has ended: by the server, or here, in
// which case the server is told. It reports whether somebody else may still
// know the call.
func (c *Client) settle(x *call) (known bool) {
	c.mu.Lock()
	known = !x.answered || x.lasting
	if !x.answered && x.id != 0 {
		x.again = x.sent // the message may be on its way at this moment
		if x.sent && c.up {
			c.cancels = append(c.cancels, x.id)
			defer c.nudge()
		} else if !x.queued {
			c.forget(x)
		}
	}
	c.mu.Unlock()
	x.releaseOnce()
	return known
}

// giveUp ends a call with its context, or asks the server to if it writes the result
// to shared memory: that cannot be ended here.
func (c *Client) giveUp(ctx context.Context, x *call) {
	x.End(job.Ending(ctx)) // first: whoever sends it from now on asks the server himself
	c.mu.Lock()
	defer c.mu.Unlock()
	if x.writesShared && x.sent && !x.answered {
		c.cancels = append(c.cancels, x.id)
		c.nudge()
	}
}

// forget takes a call out of the window.
func (c *Client) forget(x *call) {
	if !x.answered {
		x.answered = true
		c.window.remove(x.id)
	}
}

// take handles the answers of one message.
func (c *Client) take(results []*pb.Result, now time.Time) {
	for _, r := range results {
		c.mu.Lock()
		x := c.window.get(r.GetId())
		if x == nil {
			c.mu.Unlock()
			continue
		}
		if again, after := c.again(x, r.GetError(), now); again {
			x.sent, x.out, x.again, x.lasting = false, false, false, true
			x.timer = time.AfterFunc(after, func() { c.resend(x) })
			c.mu.Unlock()
			continue
		}
		c.forget(x)
		c.mu.Unlock()
		x.finish(r)
	}
}

// again reports whether a refused call tries again by itself, and when.
func (c *Client) again(x *call, e *pb.Error, now time.Time) (bool, time.Duration) {
	if e == nil || !x.Pending() || x.together != nil {
		return false, 0
	}
	switch r := e.GetReason(); {
	case r == pb.Reason_REASON_QUEUE_FULL && x.wait && !c.closed.Load():
		return true, min(max(time.Duration(e.GetRetryAfterNs()), minWait), maxWait)
	case r == pb.Reason_REASON_DRAINING:
		if x.refused.IsZero() {
			x.refused = now
		}
		return now.Add(maxWait).Sub(x.refused) < c.cfg.RetryFor, maxWait
	}
	return false, 0
}

const minWait, maxWait = 200 * time.Microsecond, 100 * time.Millisecond

// resend queues a call again.
func (c *Client) resend(x *call) {
	c.mu.Lock()
	if x.answered || x.queued || x.sent {
		c.mu.Unlock()
		return
	}
	x.queued = true
	c.queue = append(c.queue, x)
	c.mu.Unlock()
	c.nudge()
}

// failSent ends the calls that the server may have.
func (c *Client) failSent(cause error) {
	for _, x := range c.pending() {
		c.mu.Lock()
		sent := x.sent
		c.mu.Unlock()
		if sent {
			x.fail(cause)
		}
	}
}

// failOverdue ends the calls that have waited long enough for a server.
func (c *Client) failOverdue(cause error, now time.Time) {
	for _, x := range c.pending() {
		c.mu.Lock()
		over := !x.giveUp.IsZero() && !now.Before(x.giveUp)
		c.mu.Unlock()
		if over {
			x.fail(cause)
		}
	}
}
