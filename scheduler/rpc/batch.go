package rpc

import (
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// batch is what goes into one message.
type batch struct {
	request pb.SubmitStreamRequest
	jobs    []*pb.Job
	calls   []*call
	lost    []lost  // that name operands which are gone
	given   []*call // that are held and were given up before they could be sent
}

// lost is a call that the server has not all of.
type lost struct {
	call *call
	err  error
}

// softMessage is where a message of many jobs is large enough, and softJobs how
// many of them are enough.
const (
	softMessage = 1 << 20
	softJobs    = 4096
)

// next fills in the next message; false if there is nothing to say.
func (c *Client) next(b *batch, now time.Time) bool {
	more := c.fill(b, now)
	for i, x := range b.lost {
		b.lost[i] = lost{}
		x.call.fail(x.err)
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
	var late []uint64
	size, most := perCancel*len(c.cancels), min(softJobs, int(c.maxJobs.Load()))
	for len(c.queue) > 0 && len(b.jobs) < most && size < softMessage {
		x := c.queue[0]
		if !b.joins(x, size, int(c.maxMessage.Load())) {
			break
		}
		c.queue[0] = nil
		c.queue = c.queue[1:]
		x.queued = false
		if x.over() {
			if x.sent { // to a server before this one
				c.cancels = append(c.cancels, x.id)
				size += perCancel
			}
			c.forget(x)
			continue
		}
		if x.held && !x.Pending() && !x.again {
			b.given = append(b.given, x)
			continue
		}
		if err := x.lost(); err != nil {
			b.lost = append(b.lost, lost{x, err})
			continue
		}
		if x.together != nil {
			b.request.Together = true
			size -= x.size + perCall // they must be one message
			most = len(x.together.calls)
		}
		size += x.size + perCall
		c.prepare(x, now)
		if x.held && !x.Pending() { // given up while there was no server
			late = append(late, x.id)
		}
		b.calls, b.jobs = append(b.calls, x), append(b.jobs, &x.message)
	}
	b.request.Jobs = b.jobs
	b.request.Cancel, c.cancels = c.cancels, late // the server ends none that is in the same message
	b.request.Answered = c.window.answered()
	return len(b.jobs) > 0 || len(b.request.Cancel) > 0
}

// joins reports whether a call goes into the message, which has a size so far. The
// first of all does: it was admitted alone, or its group as a whole.
func (b *batch) joins(x *call, size, most int) bool {
	switch {
	case b.request.Together:
		return x.together == b.calls[0].together
	case x.together != nil:
		return size == 0
	}
	return size == 0 || size+x.size+perCall <= most
}

// perCancel is the most that a cancelled job takes in a message.
const perCancel = 10

// prepare writes into a message what is known only when it is sent.
func (c *Client) prepare(x *call, now time.Time) {
	x.resent, x.sent, x.out, x.message.Retry = x.sent, true, true, x.again
	if x.message.TimeoutNs = 0; !x.deadline.IsZero() {
		x.message.TimeoutNs = int64(max(x.deadline.Sub(now), 1))
	}
	for _, u := range x.uses {
		u.memory.Operand = u.contents.id
	}
}
