package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// place chooses the member for a job and sees to it that what the job needs is
// there. What is in out is handed over before it waits. A job that is wrong goes to
// any: the error is the same everywhere.
func (f *Fleet) place(ctx context.Context, j job.Job, g *group, out *scheduler.Outbox) (*member, error) {
	q := f.newQuestion()
	defer q.recycle()
	q.group, q.out = g, out
	if ctx == nil || j == nil || j.Arrange(&q.form, policy.Orient) != nil || !q.needs(f) {
		return f.first(), nil
	}
	m, err := f.find(ctx, q)
	if m == nil {
		return f.first(), err
	}
	g.keep(q, m)
	return m, nil
}

// find is place for a job that was read. A nil member means that an operand was
// released or, for a stranded job, has other contents.
func (f *Fleet) find(ctx context.Context, q *question) (*member, error) {
	for {
		m, err := f.decide(q)
		if err != nil || m == nil {
			return nil, err
		}
		if err = f.bringAll(ctx, q, m); err == nil {
			return m, nil
		}
		q.group.letGo(q)
		switch {
		case errors.Is(err, job.ErrCancelled), errors.Is(err, job.ErrExpired):
			return nil, err
		case !errors.Is(err, errReplaced):
			q.avoid[m.index], q.failed = true, err
		}
	}
}

// first returns a member that takes work, if any does.
func (f *Fleet) first() *member {
	for _, m := range f.members {
		if m.s.Up() {
			return m
		}
	}
	return f.members[0]
}

// decide asks the policy, counts the job and starts the copy that it wants. A
// nil member means that an operand was released: the job is about to be refused.
func (f *Fleet) decide(q *question) (*member, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, job.ErrClosed
	}
	f.look()
	if !q.read() {
		return nil, nil
	}
	now := time.Now()
	p := f.ask(q, now)
	if err := q.refused(f, p); err != nil {
		return nil, err
	}
	m := f.members[p.Site]
	m.counts.placed[p.Reason]++
	f.count(q, m, p)
	if p.Copy >= 0 {
		f.spread(q, m, f.members[p.Copy], now)
	}
	return m, nil
}

// count books a job that was placed.
func (f *Fleet) count(q *question, m *member, p policy.Placement) {
	if len(q.versions) == 0 {
		m.queue.add(q.sites[p.Site].Cost)
		return
	}
	if p.Reason == policy.PlaceLoad {
		q.operands[0].home = m.index
	}
	q.group.hold(q, m)
}

// bringAll brings what a job needs to its member. The copies of one that is being
// restarted come back with it; what it lacks waits for it.
func (f *Fleet) bringAll(ctx context.Context, q *question, m *member) error {
	for _, v := range q.versions {
		if _, err := f.fetch(ctx, v, m, q.out, "no device that takes work has it: brought where its job is done first"); err != nil {
			return err
		}
	}
	return nil
}

// fetch is bring for a job. What is in out is handed over before it waits.
func (f *Fleet) fetch(ctx context.Context, v *version, m *member, out *scheduler.Outbox, why string) (*scheduler.Operand, error) {
	if c := f.there(v, m); c != nil {
		return c, nil
	}
	out.HandOver()
	return f.bring(ctx, v, m, forJob(why))
}

// there returns a version's copy on a member for a job that asks for it, nil for
// none.
func (f *Fleet) there(v *version, m *member) *scheduler.Operand {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &v.slots[m.index]
	if s.copy != nil {
		s.asked = time.Now()
	}
	return s.copy
}

// spread copies what a job needs to another member, for those after it.
func (f *Fleet) spread(q *question, from, to *member, now time.Time) {
	wait, then := q.sites[from.index], q.sites[to.index]
	why := fmt.Sprintf("jobs wait %v on %s; with a copy, which takes %v, they wait %v here",
		wait.Queue+wait.Cost, from.name, then.Load, then.Queue+then.Cost)
	for _, v := range q.versions {
		if s := &v.slots[to.index]; s.copy != nil || s.flight != nil {
			continue
		}
		f.launch(v, to, bringing{claim: policy.ClaimSpare, why: why})
	}
}
