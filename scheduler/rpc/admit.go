package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// accept makes a call of a job and takes a lease for it. On an error the job is
// counted as rejected, also when it is refused here and no server hears of it.
func (c *Client) accept(ctx context.Context, j job.Job) (*call, error) {
	x, err := c.newCall(ctx, j)
	if err != nil {
		c.reject(j)
		return nil, err
	}
	if err := c.admit(ctx, x); err != nil {
		return nil, err
	}
	return x, nil
}

// reject counts jobs that were refused before there was a call.
func (c *Client) reject(jobs ...job.Job) {
	for _, j := range jobs {
		o := new(job.Options)
		if j != nil {
			o = job.OptionsOf(j)
		}
		c.ledger.Account(c.tenantOf(o)).Reject(1)
	}
}

// admit takes a lease for a call, waiting for room if the job asked to. On an
// error the call is let go.
func (c *Client) admit(ctx context.Context, x *call) error {
	err := c.lease(ctx, x)
	if err == nil && c.closed.Load() { // Close may have looked before
		x.account.Withdraw(1, x.bytes)
		err = job.ErrClosed
	}
	if err != nil {
		x.account.Reject(1)
		x.letGo()
		return err
	}
	x.Init(x.account.Lease(x.bytes), nil)
	return nil
}

func (c *Client) lease(ctx context.Context, x *call) error {
	switch {
	case c.closed.Load():
		return job.ErrClosed
	case ctx.Err() != nil:
		_, err := job.Ending(ctx)
		return err
	case !x.deadline.IsZero() && time.Until(x.deadline) <= 0:
		return job.ErrExpired
	}
	if err := c.cfg.Limits.Fit(job.Demand{Jobs: 1, Bytes: x.bytes}, whose); err != nil {
		return err
	}
	for {
		room := c.ledger.Room
		err := x.account.Admit(1, x.bytes)
		if err == nil || !x.wait || !errors.Is(err, job.ErrQueueFull) {
			return err
		}
		next := room()
		if err = x.account.Admit(1, x.bytes); err == nil {
			return nil
		}
		if err := c.waitFor(ctx, next, x.deadline); err != nil {
			return err
		}
	}
}

// waitFor returns when the channel is closed, or why waiting is in vain.
func (c *Client) waitFor(ctx context.Context, room <-chan struct{}, deadline time.Time) error {
	var expired <-chan time.Time
	if !deadline.IsZero() {
		t := time.NewTimer(time.Until(deadline))
		defer t.Stop()
		expired = t.C
	}
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		_, err := job.Ending(ctx)
		return err
	case <-expired:
		return job.ErrExpired
	case <-c.closing:
		return job.ErrClosed
	}
}

// acceptAll makes calls of all jobs, or of none.
func (c *Client) acceptAll(ctx context.Context, jobs []job.Job, g *job.Group) ([]*call, error) {
	list := make([]*call, 0, len(jobs))
	for i, j := range jobs {
		x, err := c.newCall(ctx, j)
		if err != nil {
			c.reject(jobs[i:]...)
			return nil, c.refuseAll(list, 0, fmt.Errorf("job %d of %d: %w", i, len(jobs), err))
		}
		list = append(list, x)
	}
	if err := cmp.Or(c.fitTogether(list), c.fits(list)); err != nil {
		return nil, c.refuseAll(list, 0, err)
	}
	<-c.turn // one group at a time: two could each wait for what the other has
	defer func() { c.turn <- struct{}{} }()
	for i, x := range list {
		if err := c.lease(ctx, x); err != nil {
			return nil, c.refuseAll(list, i, err)
		}
	}
	if c.closed.Load() {
		return nil, c.refuseAll(list, len(list), job.ErrClosed)
	}
	if g != nil {
		g.Expect(len(list))
	}
	t := &together{list}
	for _, x := range list {
		x.Init(x.account.Lease(x.bytes), g)
		x.together = t
	}
	return list, nil
}

// fitTogether refuses jobs that are too large for one message.
func (c *Client) fitTogether(list []*call) error {
	size, most := 0, int(c.maxMessage.Load())
	for _, x := range list {
		size += x.size + perCall
	}
	if n := int(c.maxJobs.Load()); len(list) > n {
		return wire.TooLarge("jobs", fmt.Sprintf("up to %d together, the server's limit for a message", n), "%d", len(list))
	}
	if len(list) > 1 && size > most {
		return wire.TooLarge("jobs", fmt.Sprintf("up to %d bytes, the server's limit for a message", most),
			"%d with %d bytes together", len(list), size)
	}
	return nil
}

// perCall is more than a job takes in a message besides its data.
const perCall = 512

// refuseAll gives back what calls have, of which the first admitted have leases.
func (c *Client) refuseAll(list []*call, admitted int, err error) error {
	for i, x := range list {
		if i < admitted {
			x.account.Withdraw(1, x.bytes)
		}
		x.account.Reject(1)
		x.letGo()
	}
	return err
}
