package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// question is a job that is being placed. It is reused.
type question struct {
	form     job.Form
	operands []*Operand // that the job needs, by decide the largest first
	versions []*version // their contents of the moment
	sites    []policy.Site
	avoid    []bool // members that could not load what the job needs
	failed   error  // why the last of them could not
	group    *group // that the job is placed with, nil for none
	stranded bool   // the versions are those that the job had
}

var questions = sync.Pool{New: func() any { return new(question) }}

func (f *Fleet) newQuestion() *question {
	q := questions.Get().(*question)
	for range len(f.members) - len(q.avoid) {
		q.avoid = append(q.avoid, false)
	}
	return q
}

func (q *question) recycle() {
	q.form, q.group, q.failed, q.stranded = job.Form{}, nil, nil, false
	clear(q.operands)
	clear(q.versions)
	clear(q.avoid)
	q.operands, q.versions = q.operands[:0], q.versions[:0]
	questions.Put(q)
}

// place chooses the member for a job and sees to it that what the job needs is
// there. A job that is wrong goes to any: the error is the same everywhere.
func (f *Fleet) place(ctx context.Context, j job.Job, g *group) (*member, error) {
	q := f.newQuestion()
	defer q.recycle()
	q.group = g
	if ctx == nil || j == nil || j.Arrange(&q.form, policy.Orient) != nil || !q.needs(f) {
		return f.first(), nil
	}
	m, err := f.find(ctx, q)
	if m == nil {
		m = f.first()
	}
	return m, err
}

// find is place for a job that was read. A nil member means that an operand was
// released or, for a stranded job, has other contents.
func (f *Fleet) find(ctx context.Context, q *question) (*member, error) {
	for {
		m, err := f.decide(q)
		if err != nil || m == nil {
			return nil, err
		}
		err = f.bringAll(ctx, q, m)
		switch {
		case err == nil:
			return m, nil
		case errors.Is(err, job.ErrCancelled), errors.Is(err, job.ErrExpired):
			return nil, err
		case !errors.Is(err, errReplaced):
			q.avoid[m.index], q.failed = true, err
		}
	}
}

// needs finds the operands of a job; false if they are not the fleet's.
func (q *question) needs(f *Fleet) bool {
	for _, v := range [...]*tensor.View{&q.form.A, &q.form.B, &q.form.Bias} {
		r := v.Resident()
		if r == nil {
			continue
		}
		o, ok := r.Owner.(*Operand)
		if !ok || o.fleet != f {
			return false
		}
		q.operands = append(q.operands, o)
	}
	return true
}

// sort puts the largest of at most three operands first.
func (q *question) sort() {
	for i, v := range q.versions {
		if v.bytes > q.versions[0].bytes {
			q.versions[0], q.versions[i] = v, q.versions[0]
			q.operands[0], q.operands[i] = q.operands[i], q.operands[0]
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
	if err := q.refused(p); err != nil {
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

// refused returns why there is no place for a job.
func (q *question) refused(p policy.Placement) error {
	switch {
	case p.Reason == policy.PlaceAbandoned:
		return fmt.Errorf("fleet: %w: every device is lost", job.ErrUnavailable)
	case p.Reason == policy.PlaceNowhere && q.failed == nil:
		return fmt.Errorf("fleet: %w: %w: no device is large enough for the operands of a job",
			job.ErrOutOfMemory, device.ErrOutOfMemory)
	case p.Reason == policy.PlaceNowhere || q.avoid[p.Site]:
		return fmt.Errorf("fleet: no device could load the operands of a job: %w", q.failed)
	}
	return nil
}

// read looks up the operands' contents; false when there are none.
func (q *question) read() bool {
	if q.stranded {
		return !slices.ContainsFunc(q.versions, func(v *version) bool { return v.dead })
	}
	q.versions = q.versions[:0]
	for _, o := range q.operands {
		if o.current == nil {
			return false
		}
		q.versions = append(q.versions, o.current)
	}
	q.sort()
	return true
}

// ask describes the members to the policy: only the job's home, if it stays
// there anyway.
func (f *Fleet) ask(q *question, now time.Time) policy.Placement {
	home := -1
	if len(q.operands) > 0 {
		home = q.operands[0].home
	}
	q.sites = q.sites[:0]
	for range f.members {
		q.sites = append(q.sites, policy.Site{})
	}
	if home >= 0 {
		if q.sites[home] = f.survey(q, f.members[home], now); policy.StaysHome(&q.sites[home], f.tuning) {
			return policy.Placement{Site: home, Reason: policy.PlaceHome, Copy: -1}
		}
	}
	for i, m := range f.members {
		if i != home {
			q.sites[i] = f.survey(q, m, now)
		}
	}
	return policy.Place(q.sites, home, f.tuning)
}

// survey describes one member.
func (f *Fleet) survey(q *question, m *member, now time.Time) policy.Site {
	missing, coming, futile := int64(0), false, false
	for _, v := range q.versions {
		if s := &v.slots[m.index]; s.copy == nil {
			missing += v.bytes
			coming = coming || s.flight != nil
			futile = futile || now.Sub(s.futile) < policy.IdleCopy
		}
	}
	site := m.site(now, missing)
	site.Up, site.Coming = site.Up && !q.avoid[m.index], coming
	if futile { // it was tried a moment ago
		site.Room = -1
	}
	m.queue.sweep(m, now)
	site.Cost = q.cost(m)
	site.Queue = m.queue.wait()
	return site
}

// cost returns what the job adds to a member's queue, after another look at
// those that use the same copy.
func (q *question) cost(m *member) time.Duration {
	if len(q.versions) == 0 {
		d, _ := m.s.Predict(q.form.Problem, 1) // no kernel: it is about to be refused
		return d
	}
	s := &q.versions[0].slots[m.index]
	s.problem = q.form.Problem
	if s.copy == nil {
		return m.predict(s, 1)
	}
	jobs := m.queue.refresh(s, m)
	return max(m.predict(s, jobs+1)-s.charged, 0)
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
	s := &q.versions[0].slots[m.index]
	if q.group != nil {
		s.pending++
		q.group.placed = append(q.group.placed, s)
	}
}

// bringAll brings what a job needs to its member; not to one that is being
// restarted, whose own copies come back with it.
func (f *Fleet) bringAll(ctx context.Context, q *question, m *member) error {
	for _, v := range q.versions {
		if !m.s.Up() {
			return nil
		}
		if _, err := f.bring(ctx, v, m, forJob("no device that takes work has it: brought where its job is done first")); err != nil {
			return err
		}
	}
	return nil
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
		f.launch(v, to, bringing{policy.ClaimSpare, 0, why})
	}
}
