package scheduler

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Explain returns the kernel that a job would get now, with every rule that was
// tried, and whether it would be taken as its mirror image and why. The job is
// checked like any other, but nothing behind its views is read. The error wraps
// job.ErrInvalid.
func (s *Scheduler) Explain(j job.Job) (plan *kernels.Plan, orientation string, err error) {
	if j == nil {
		return nil, "", &job.InvalidError{Field: "job", Got: "nil", Allowed: "a *job.Matmul, *job.Softmax or *job.Attention"}
	}
	var f job.Form
	if err := j.Arrange(&f, policy.Orient); err != nil {
		return nil, "", err
	}
	if plan, err = s.home.Load().plans.Plan(f.Problem); err != nil {
		return nil, "", &job.InvalidError{Field: "problem", Cause: err}
	}
	return plan, f.Orientation, nil
}
