package scheduler

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// admit takes a lease, waiting for room if the job asked to.
func (s *Scheduler) admit(ctx context.Context, t *actors.Task, o *job.Options, out *Outbox) error {
	t.Account = s.ledger.Account(o.Tenant)
	bytes := t.Bytes
	if err := s.fits(load{1, bytes}); err != nil {
		return err
	}
	err := t.Account.Admit(1, bytes)
	if err != nil && o.Wait && errors.Is(err, job.ErrQueueFull) {
		out.HandOver()
		err = s.waitForRoom(ctx, o.Deadline, t.Account, load{1, bytes})
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
func (s *Scheduler) waitForRoom(ctx context.Context, deadline time.Time, a *job.Account, l load) error {
	expired, stop := alarm(deadline)
	defer stop()
	for {
		room := s.ledger.Room()
		if err := a.Admit(l.jobs, l.bytes); !errors.Is(err, job.ErrQueueFull) {
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

// load is what jobs take up of the admission limits. Its bytes stop at more than
// mostBytes, which no limit admits: leases give back what each job takes, so a sum
// that is admitted must be theirs.
type load struct{ jobs, bytes int64 }

const mostBytes = math.MaxInt64 - 1

func (l *load) add(t *actors.Task) {
	l.jobs++
	l.bytes += min(t.Bytes, math.MaxInt64-l.bytes)
}

// fits refuses a load of one tenant that no waiting would admit.
func (s *Scheduler) fits(l load) error {
	lim := &s.cfg.Limits
	if err := l.within(lim.Jobs, lim.Bytes); err != nil {
		return err
	}
	return l.within(lim.TenantJobs, lim.TenantBytes)
}

// within compares a load with limits, of which 0 means none.
func (l load) within(jobs, bytes int64) error {
	if bytes == 0 || bytes > mostBytes {
		bytes = mostBytes
	}
	switch {
	case l.bytes > bytes:
		return tooLarge(l.bytes, "bytes of activations and results", bytes)
	case jobs > 0 && l.jobs > jobs:
		return tooLarge(l.jobs, "jobs at once", jobs)
	}
	return nil
}

func tooLarge(n int64, unit string, limit int64) error {
	return &job.InvalidError{
		Field: "size", Got: strconv.FormatInt(n, 10) + " " + unit,
		Allowed: "up to " + strconv.FormatInt(limit, 10) + ", the admission limit",
	}
}
