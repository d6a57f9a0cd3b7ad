package scheduler

import (
	"context"
	"errors"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// admitAll takes leases for all tasks of a group or for none.
func (s *Scheduler) admitAll(ctx context.Context, l *lot, jobs []job.Job) error {
	of := func(i int) (*job.Account, int64) { return l.tasks[i].Account, l.tasks[i].Bytes }
	if err := s.cfg.Limits.FitAll(len(l.tasks), of, whose); err != nil {
		return err
	}
	err := l.admit(func(a *job.Account, d job.Demand) error { return a.Admit(d.Jobs, d.Bytes) })
	if errors.Is(err, job.ErrQueueFull) {
		if wait, deadline := patience(jobs); wait {
			err = s.waitForAll(ctx, deadline, l)
		}
	}
	if err == nil && l.closed(s) { // Close may have looked before the leases were taken
		l.withdraw(len(l.tasks))
		err = job.ErrClosed
	}
	return err
}

// patience reports whether every job of a group would wait for room, and
// until when: the earliest of their deadlines.
func patience(jobs []job.Job) (wait bool, deadline time.Time) {
	for _, j := range jobs {
		o := job.OptionsOf(j)
		if !o.Wait {
			return false, time.Time{}
		}
		if d := o.Deadline; !d.IsZero() && (deadline.IsZero() || d.Before(deadline)) {
			deadline = d
		}
	}
	return true, deadline
}

// waitForAll takes the leases one tenant after the other and keeps those it
// has while it waits for the next. Only one group at a time does so: two could
// each wait for what the other keeps.
func (s *Scheduler) waitForAll(ctx context.Context, deadline time.Time, l *lot) error {
	expired, stop := alarm(deadline)
	defer stop()
	if err := s.wait(ctx, expired, s.turn); err != nil {
		return err
	}
	defer func() { s.turn <- struct{}{} }()
	return l.admit(func(a *job.Account, d job.Demand) error { return s.waitForRoom(ctx, deadline, a, d) })
}

// admit has leases taken for runs of one tenant in one step each, and gives
// all back when one is refused.
func (l *lot) admit(take func(*job.Account, job.Demand) error) error {
	for from := 0; from < len(l.tasks); {
		to, a, run := from, l.tasks[from].Account, job.Demand{}
		for ; to < len(l.tasks) && l.tasks[to].Account == a; to++ {
			run.Add(l.tasks[to].Bytes)
		}
		if err := take(a, run); err != nil {
			l.withdraw(from)
			return err
		}
		from = to
	}
	return nil
}

// withdraw gives back the leases of the first n tasks.
func (l *lot) withdraw(n int) {
	for _, t := range l.tasks[:n] {
		t.Account.Withdraw(1, t.Bytes)
	}
}
