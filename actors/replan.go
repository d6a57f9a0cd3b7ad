package actors

import (
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// replanWaiting does what replan does to jobs that wait in buckets, before any
// is handed out in parts.
func (e *Engine) replanWaiting() {
	if e.plan == nil {
		return
	}
	var ts []*Task
	for _, ds := range &e.dispatchers {
		for _, d := range ds {
			ts = append(ts, d.shard.takeAll()...)
		}
	}
	slices.SortStableFunc(ts, func(a, b *Task) int { return a.Arrived.Compare(b.Arrived) })
	for _, t := range ts {
		if t.split != nil || !e.plannedAnew(t) {
			e.insert(t)
		}
	}
}

// insert puts a task into the bucket of its plan.
func (e *Engine) insert(t *Task) {
	s := e.dispatcherFor(t.Plan).shard
	s.insert(t)
	s.queued.Add(1)
}

// replan puts jobs whose plan is for a device of another kind back into the
// buckets, with a plan for this one. A job that runs in parts, or that holds
// the caller's memory, keeps its plan and is tried as it is.
func (e *Engine) replan(b *Batch) {
	if e.plan == nil || len(b.parts) == 0 {
		return
	}
	kept := b.parts[:0]
	for _, p := range b.parts {
		who := p.task.tenant // the task may be used again
		if p.task.split != nil || p.held || !e.plannedAnew(p.task) {
			kept = append(kept, p)
		} else {
			who.bill(p.units(), 0, b.ahead, time.Time{})
		}
	}
	clear(b.parts[len(kept):])
	b.parts = kept
	b.count()
}

// plannedAnew reports whether a task was put back or has failed, and is no
// longer its batch's.
func (e *Engine) plannedAnew(t *Task) bool {
	plan, err := e.plan(t.Plan.Problem)
	switch {
	case err != nil:
		t.End(job.Failed, failed(err))
		t.abandon()
		return true
	case plan.Key == t.Plan.Key:
		return false
	}
	t.Plan, t.taken = plan, 0
	e.insert(t)
	return true
}

// count counts the columns and problems of the parts.
func (b *Batch) count() {
	b.columns, b.problems = 0, 0
	for i := range b.parts {
		p := &b.parts[i]
		b.columns += max(p.u1-p.u0, 1)
		if i == 0 || p.bucket != b.parts[i-1].bucket {
			b.problems++
		}
	}
}
