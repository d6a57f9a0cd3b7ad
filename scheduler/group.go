package scheduler

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// lot is the memory of one grouped submission, reused.
type lot struct {
	tasks []*actors.Task
	on    []*Scheduler   // where each job runs; nil: all on the same
	spare []*actors.Task // empty
	group *job.Group
}

func (l *lot) task() *actors.Task {
	n := len(l.spare) - 1
	if n < 0 {
		return actors.NewTask()
	}
	t := l.spare[n]
	l.spare = l.spare[:n]
	return t
}

// keep gives up the submitter's share of a task that has ended.
func (l *lot) keep(t *actors.Task) {
	if t.Reuse() {
		l.spare = append(l.spare, t)
	}
}

var lots = sync.Pool{New: func() any { return &lot{group: job.NewGroup()} }}

// DoAll submits many jobs at once and waits for all of them, once. Either all
// are accepted or none: a refused one is named in the error. Otherwise the
// error joins those of the jobs that did not end well, each named by its
// index; nil means that all are done. The group waits for room if all of its
// jobs ask to; then the earliest of their deadlines holds.
//
// It costs a fraction of as many calls of Do.
func (s *Scheduler) DoAll(ctx context.Context, jobs []job.Job) error { return s.doAll(ctx, jobs, nil) }

func (s *Scheduler) doAll(ctx context.Context, jobs []job.Job, on []*Scheduler) error {
	l := lots.Get().(*lot)
	l.on = on
	if err := s.acceptAll(ctx, l, jobs); err != nil {
		l.recycle()
		return err
	}
	for i, t := range l.tasks {
		s.watch(ctx, t, job.OptionsOf(jobs[i]), false)
	}
	l.submit(s)
	if len(jobs) > 0 && l.group.Wait(ctx) != nil {
		for _, t := range l.tasks {
			t.End(job.Ending(ctx))
		}
		_ = l.group.Wait(context.Background()) // each has ended or is about to
	}
	err := l.errors()
	for _, t := range l.tasks {
		l.keep(t)
	}
	l.recycle()
	return err
}

// SubmitAll is DoAll without waiting: it returns the handles, in order. When
// ctx ends the jobs are cancelled.
func (s *Scheduler) SubmitAll(ctx context.Context, jobs []job.Job) ([]job.Handle, error) {
	return s.submitAll(ctx, jobs, nil)
}

func (s *Scheduler) submitAll(ctx context.Context, jobs []job.Job, on []*Scheduler) ([]job.Handle, error) {
	l := lots.Get().(*lot)
	l.on = on
	defer l.recycle()
	if err := s.acceptAll(ctx, l, jobs); err != nil {
		return nil, err
	}
	handles := make([]job.Handle, len(jobs))
	for i, t := range l.tasks {
		t.Keep = true
		t.Join(nil)
		handles[i] = job.HandleOf(&t.Life)
		s.watch(ctx, t, job.OptionsOf(jobs[i]), true)
	}
	l.group.Forget(len(jobs))
	if len(jobs) > 0 {
		_ = l.group.Wait(context.Background())
	}
	l.submit(s)
	return handles, nil
}

// acceptAll accepts all jobs or none.
func (s *Scheduler) acceptAll(ctx context.Context, l *lot, jobs []job.Job) error {
	for i, j := range jobs {
		t, here := l.task(), l.at(s, i)
		o, err := here.prepare(ctx, t, j, nil)
		if err != nil {
			t.Refuse()
			return s.refuseAll(l, jobs, fmt.Errorf("job %d of %d: %w", i, len(jobs), err))
		}
		t.Account = here.ledger.Account(o.Tenant)
		l.tasks = append(l.tasks, t)
	}
	if err := s.admitAll(ctx, l, jobs); err != nil {
		return s.refuseAll(l, jobs, err)
	}
	l.group.Expect(len(jobs))
	now := s.engine.Now()
	for _, t := range l.tasks {
		t.Arrived = now
		t.Init(t.Account.Lease(t.Bytes), l.group)
	}
	return nil
}

// refuseAll drops the tasks and, but for a MissingError, counts every job as rejected.
func (s *Scheduler) refuseAll(l *lot, jobs []job.Job, err error) error {
	if !IsMissing(err) {
		s.rejectAll(jobs)
	}
	for _, t := range l.tasks {
		t.Refuse()
	}
	return s.hint(err)
}

func (s *Scheduler) rejectAll(jobs []job.Job) {
	for _, j := range jobs {
		tenant := ""
		if j != nil {
			tenant = job.OptionsOf(j).Tenant
		}
		s.ledger.Account(tenant).Reject(1)
	}
}

func (l *lot) errors() error {
	var errs []error
	for i, t := range l.tasks {
		if _, err := t.Result(); err != nil {
			errs = append(errs, fmt.Errorf("job %d of %d: %w", i, len(l.tasks), err))
		}
	}
	return errors.Join(errs...)
}

func (l *lot) recycle() {
	clear(l.tasks)
	l.tasks, l.on = l.tasks[:0], nil
	lots.Put(l)
}
