package rpc

import (
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// say sends a message, without the calls whose memory is gone.
func (l *link) say(c *Client, b *batch) error {
	for len(b.request.Jobs) > 0 || len(b.request.Cancel) > 0 {
		err := l.stream.Send(&b.request)
		if missing(err) == nil {
			return err
		}
		c.leaveOut(b)
	}
	return nil
}

// missing returns what an error says of memory, nil if it is another's.
func missing(err error) *device.MemoryError {
	var gone *device.MemoryError
	errors.As(err, &gone)
	return gone
}

// leaveOut takes the calls whose memory is gone out of a message, and fails them.
func (c *Client) leaveOut(b *batch) {
	kept := 0
	for i, x := range b.calls {
		if _, err := (codec{}).Marshal(b.jobs[i]); err != nil {
			c.unsend(x, unread(err))
			continue
		}
		b.calls[kept], b.jobs[kept] = x, b.jobs[i]
		kept++
	}
	clear(b.calls[kept:])
	clear(b.jobs[kept:])
	b.calls, b.jobs = b.calls[:kept], b.jobs[:kept]
	b.request.Jobs = b.jobs
}

// unread wraps why an operand of a job could not be read, as in process.
func unread(err error) error { return fmt.Errorf("%w: operand: %w", job.ErrFailed, err) }

// unsend fails a call that cannot be sent. The server does not know it, unless it
// was sent before.
func (c *Client) unsend(x *call, err error) {
	c.mu.Lock()
	known := x.resent
	if !known {
		x.sent = false
		c.forget(x)
	}
	c.mu.Unlock()
	if x.held && !known {
		x.Release(job.Failed, err)
		return
	}
	x.fail(err)
}
