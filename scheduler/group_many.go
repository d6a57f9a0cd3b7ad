package scheduler

import (
	"context"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// DoAllOn is DoAll for jobs that run on several schedulers with a Common: job i
// on on[i]. All of them are accepted or none.
func DoAllOn(ctx context.Context, jobs []job.Job, on []*Scheduler) error {
	return on[0].doAll(ctx, jobs, on)
}

// SubmitAllOn is DoAllOn without waiting.
func SubmitAllOn(ctx context.Context, jobs []job.Job, on []*Scheduler) ([]job.Handle, error) {
	return on[0].submitAll(ctx, jobs, on)
}

// at returns the scheduler of a job in a lot of s.
func (l *lot) at(s *Scheduler, i int) *Scheduler {
	if l.on == nil {
		return s
	}
	return l.on[i]
}

// submit hands the tasks over, those on one scheduler together.
func (l *lot) submit(s *Scheduler) {
	if l.on == nil {
		s.engine.SubmitAll(l.tasks)
		return
	}
	o := outboxes.Get().(*Outbox)
	defer o.recycle()
	for i, t := range l.tasks {
		o.add(l.on[i], t)
	}
}

// closed reports whether a scheduler of the lot was closed.
func (l *lot) closed(s *Scheduler) bool {
	for i := range l.on {
		if l.on[i].closed.Load() {
			return true
		}
	}
	return s.closed.Load()
}
