package rpc

import (
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
}

func (c *Client) enqueueAll(list []*call) {
	c.mu.Lock()
	for _, x := range list {
		c.put(x)
	}
	c.mu.Unlock()
	c.nudge()
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
		x.message.Retry = x.sent // if it is asked for again
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

// giveUp asks the server to end a call whose result it writes to shared memory:
// that cannot be ended here.
func (c *Client) giveUp(x *call) {
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

// batch is what goes into one message.
type batch struct {
	request pb.SubmitStreamRequest
	jobs    []*pb.Job
	calls   []*call
	lost    []*call // that name operands which are gone
	given   []*call // that are held and were given up before they could be sent
}

// softMessage is where a message of many jobs is large enough, and maxJobs how
// many there may be.
const (
	softMessage = 1 << 20
	maxJobs     = 4096
)

// next fills in the next message; false if there is nothing to say.
func (c *Client) next(b *batch, now time.Time) bool {
	more := c.fill(b, now)
	for i, x := range b.lost {
		b.lost[i] = nil
		x.fail(job.ErrRestarted)
	}
	for i, x := range b.given {
		b.given[i] = nil
		x.Release(job.Cancelled, job.ErrCancelled)
	}
	b.lost, b.given = b.lost[:0], b.given[:0]
	return more
}

func (c *Client) fill(b *batch, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(b.jobs)
	clear(b.calls)
	b.jobs, b.calls = b.jobs[:0], b.calls[:0]
	b.request.Together = false
	size := 0
	for len(c.queue) > 0 && len(b.jobs) < maxJobs && size < softMessage {
		x := c.queue[0]
		if x.together != nil && len(b.jobs) > 0 && !b.request.Together ||
			b.request.Together && x.together != b.calls[0].together {
			break
		}
		c.queue[0] = nil
		c.queue = c.queue[1:]
		x.queued = false
		if !x.held && !x.Pending() || x.writesShared && !x.held && !x.take() { // ended meanwhile
			if x.sent { // to a server before this one
				c.cancels = append(c.cancels, x.id)
			}
			c.forget(x)
			continue
		}
		if x.held && !x.Pending() && !x.message.Retry {
			b.given = append(b.given, x)
			continue
		}
		if x.lost() {
			b.lost = append(b.lost, x)
			continue
		}
		if x.together != nil {
			b.request.Together = true
			size -= x.size + perCall // it must be one message
		}
		size += x.size + perCall
		c.prepare(x, now)
		b.calls, b.jobs = append(b.calls, x), append(b.jobs, &x.message)
	}
	b.request.Jobs = b.jobs
	b.request.Cancel, c.cancels = c.cancels, nil
	b.request.Answered = c.window.answered()
	return len(b.jobs) > 0 || len(b.request.Cancel) > 0
}

// prepare writes into a message what is known only when it is sent.
func (c *Client) prepare(x *call, now time.Time) {
	x.sent = true
	x.giveUp = time.Time{}
	if x.message.TimeoutNs = 0; !x.deadline.IsZero() {
		x.message.TimeoutNs = int64(max(x.deadline.Sub(now), 1))
	}
	for _, u := range x.uses {
		u.memory.Operand = u.contents.id
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
			x.sent, x.message.Retry, x.lasting = false, false, true
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
