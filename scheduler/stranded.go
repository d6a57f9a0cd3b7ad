package scheduler

import (
	"context"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Stranded is an accepted job whose scheduler has no device any more: see
// Member.Refuge. It stays in the books of the scheduler that accepted it.
type Stranded struct{ task *actors.Task }

// refuge returns where the engine leaves jobs, nil for nowhere.
func (s *Scheduler) refuge() func([]*actors.Task, error) {
	m := s.cfg.Member
	if m == nil || m.Refuge == nil {
		return nil
	}
	return func(ts []*actors.Task, cause error) {
		jobs := make([]Stranded, len(ts))
		for i, t := range ts {
			jobs[i] = Stranded{t}
		}
		m.Refuge(jobs, cause)
	}
}

// Form returns the job as its scheduler has it.
func (j Stranded) Form() *job.Form { return &j.task.Form }

// Shared returns whose the operand of a view of Form is, nil if it is none.
func (j Stranded) Shared(v *tensor.View) Shared {
	if r := v.Resident(); r != nil {
		if o, ok := r.Owner.(*Operand); ok {
			return o.shared
		}
	}
	return nil
}

// Move hands the job to another scheduler with the same Common, which loads the
// operands that it lacks. After an error the job must be moved elsewhere or
// failed.
func (j Stranded) Move(to *Scheduler) (err error) {
	t := j.task
	if t.Plan, err = to.home.Load().plans.Plan(t.Form.Problem); err != nil {
		return &job.InvalidError{Field: "problem", Cause: err}
	}
	for i, m := range t.Memory {
		if t.Memory[i] = nil; m != nil {
			m.Release(1)
		}
	}
	if err := to.retain(context.Background(), t, nil); err != nil {
		return err
	}
	if to.closed.Load() {
		return job.ErrClosed
	}
	t.Account = to.ledger.Account(t.Account.Tenant)
	to.engine.SubmitAll([]*actors.Task{t})
	return nil
}

// Fail ends the job.
func (j Stranded) Fail(err error) { j.task.Forsake(err) }
