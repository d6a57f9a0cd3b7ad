package scheduler

import (
	"context"
	"errors"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// admit takes a lease, waiting for room if the job asked to.
func (s *Scheduler) admit(ctx context.Context, t *actors.Task, o *job.Options, out *Outbox) error {
	t.Account = s.ledger.Account(o.Tenant)
	bytes := t.Bytes
	demand := job.Demand{Jobs: 1, Bytes: bytes}
	if err := s.cfg.Limits.Fit(demand, whose); err != nil {
		return err
	}
	err := t.Account.Admit(1, bytes)
	if err != nil && o.Wait && errors.Is(err, job.ErrQueueFull) {
		out.HandOver()
		err = s.waitForRoom(ctx, o.Deadline, t.Account, demand)
	}
	if err != nil {
		return err
	}
	t.Init(t.Account.Lease(bytes), nil)
	if s.closed.Load() { // Close may have looked before the lease was taken
		t.Account.Withdraw(1, bytes)
		return job.ErrClosed
	}
	return nil
}

// waitForRoom tries again whenever something is given back.
func (s *Scheduler) waitForRoom(ctx context.Context, deadline time.Time, a *job.Account, d job.Demand) error {
	expired, stop := alarm(deadline)
	defer stop()
	for {
		room := s.ledger.Room()
		if err := a.Admit(d.Jobs, d.Bytes); !errors.Is(err, job.ErrQueueFull) {
			return err
		}
		if err := s.wait(ctx, expired, room); err != nil {
			return err
		}
	}
}

// wait returns when the channel is closed, or why waiting is in vain.
func (s *Scheduler) wait(ctx context.Context, expired <-chan time.Time, room <-chan struct{}) error {
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		_, err := job.Ending(ctx)
		return err
	case <-expired:
		return job.ErrExpired
	case <-s.stopping:
		return job.ErrClosed
	}
}

// alarm returns a channel that tells when a deadline passes; never if zero.
func alarm(deadline time.Time) (passed <-chan time.Time, stop func() bool) {
	if deadline.IsZero() {
		return nil, func() bool { return false }
	}
	t := time.NewTimer(time.Until(deadline))
	return t.C, t.Stop
}

// whose says whose the limits are, in what is refused for them.
const whose = "the admission limit"
