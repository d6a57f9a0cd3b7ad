package fleet

import (
	"fmt"
	"slices"
	"sync"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// question is a job that is being placed. It is reused.
type question struct {
	form     job.Form
	operands []*Operand // that the job needs, by decide the largest first
	versions []*version // their contents of the moment
	sites    []policy.Site
	avoid    []bool            // members that could not load what the job needs
	failed   error             // why the last of them could not
	group    *group            // that the job is placed with, nil for none
	out      *scheduler.Outbox // what is handed over before it waits
	stranded bool              // the versions are those that the job had
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
	q.form, q.group, q.out, q.failed, q.stranded = job.Form{}, nil, nil, nil, false
	clear(q.operands)
	clear(q.versions)
	clear(q.avoid)
	q.operands, q.versions = q.operands[:0], q.versions[:0]
	questions.Put(q)
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
		if !slices.Contains(q.operands, o) {
			q.operands = append(q.operands, o)
		}
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

// refused returns why there is no place for a job.
func (q *question) refused(f *Fleet, p policy.Placement) error {
	switch {
	case p.Reason == policy.PlaceAbandoned:
		return fmt.Errorf("fleet: %w: every device is lost", job.ErrUnavailable)
	case p.Reason == policy.PlaceNowhere && q.failed == nil:
		return q.tooLarge(f)
	case p.Reason == policy.PlaceNowhere:
		return fmt.Errorf("fleet: no device could load the operands of a job: %w", q.failed)
	}
	return nil
}

// tooLarge is for operands that no device can have side by side, now or later.
func (q *question) tooLarge(f *Fleet) error {
	bytes, most, beside := int64(0), int64(0), int64(0)
	for _, v := range q.versions {
		bytes += v.bytes
	}
	for _, m := range f.members {
		beside += q.group.beside(q, m)
		if m.state != lost {
			most = max(most, m.most)
		}
	}
	wrong := &job.InvalidError{
		Field: "operands", Got: fmt.Sprintf("%d bytes", bytes),
		Allowed: fmt.Sprintf("up to %d bytes for a job, the most that a device has for operands", most),
		Kind:    job.ErrTooLarge,
	}
	if bytes <= most && beside > 0 { // it is the others of its group that leave no room
		wrong.Got += fmt.Sprintf(" beside %d bytes for the jobs before it", beside)
		wrong.Allowed = fmt.Sprintf("what fits side by side into up to %d bytes on each device; jobs that are submitted one by one take turns", most)
	}
	return fmt.Errorf("fleet: %w: %w", device.ErrOutOfMemory, wrong)
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
