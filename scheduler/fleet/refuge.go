package fleet

import (
	"context"
	"errors"
	"slices"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// takeIn moves jobs that waited on a device which was given up to others, away
// from the actors that call it.
func (f *Fleet) takeIn(jobs []scheduler.Stranded, cause error) {
	f.mu.Lock()
	closed := f.closed
	if !closed {
		f.moving.Go(func() {
			for _, j := range jobs {
				if err := f.move(j); err != nil {
					j.Fail(errors.Join(cause, err))
				}
			}
		})
	}
	f.mu.Unlock()
	if closed {
		for _, j := range jobs {
			j.Fail(cause)
		}
	}
}

// move places a stranded job anew, with the contents of its operands that it had.
func (f *Fleet) move(j scheduler.Stranded) error {
	for range f.members {
		m, err := f.replace(j)
		if err != nil {
			return err
		}
		if err = j.Move(m.s); err == nil || m.s.Up() && !scheduler.IsMissing(err) {
			return err
		}
	}
	return job.ErrUnavailable
}

func (f *Fleet) replace(j scheduler.Stranded) (*member, error) {
	q := f.newQuestion()
	defer q.recycle()
	q.form, q.stranded = *j.Form(), true
	for _, v := range [...]*tensor.View{&q.form.A, &q.form.B, &q.form.Bias} {
		if x, ok := j.Shared(v).(*version); ok && !slices.Contains(q.versions, x) {
			q.operands, q.versions = append(q.operands, x.operand), append(q.versions, x)
		}
	}
	q.sort()
	m, err := f.find(f.moves, q)
	if err == nil && m == nil {
		err = errReplaced
	}
	return m, err
}

// On implements scheduler.Shared for jobs that move: they keep the contents that
// they were submitted with.
func (v *version) On(ctx context.Context, s *scheduler.Scheduler, out *scheduler.Outbox) (*scheduler.Operand, error) {
	m := v.operand.fleet.of[s]
	if m == nil {
		return nil, &job.InvalidError{Field: "operand", Got: "loaded by another fleet", Allowed: "operands of this one"}
	}
	c, err := v.operand.fleet.fetch(ctx, v, m, out, "needed by a job that moved there")
	return c, missing(err)
}
