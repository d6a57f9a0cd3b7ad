package rpc

import (
	"context"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Close stops admission and waits for what was accepted. When ctx ends first
// the rest ends with job.ErrClosed. The operands are released. Closing again waits
// for the first Close, or no longer than its own ctx.
func (c *Client) Close(ctx context.Context) error {
	return c.shutting.Do(ctx, func() error {
		c.closed.Store(true)
		close(c.closing)
		c.drain(ctx)
		c.nudge()
		select {
		case <-c.ended:
		case <-ctx.Done():
			c.stop()
			<-c.ended
			c.failAll(job.ErrClosed) // those that were queued meanwhile
		}
		return nil
	})
}

// drain waits for the calls, or ends them when the context ends.
func (c *Client) drain(ctx context.Context) {
	for {
		room := c.ledger.Room()
		if c.ledger.InFlight() == 0 {
			return
		}
		select {
		case <-room:
		case <-ctx.Done():
			c.failAll(job.ErrClosed)
			return
		}
	}
}

// failAll ends every call that is not answered.
func (c *Client) failAll(err error) {
	for _, x := range c.pending() {
		x.fail(err)
	}
}

// pending returns the calls that are not answered. They are not reused then.
func (c *Client) pending() (all []*call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.window.each(func(x *call) {
		x.lasting = true
		all = append(all, x)
	})
	return all
}
