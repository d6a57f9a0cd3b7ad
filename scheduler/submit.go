package scheduler

import (
	"context"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Do submits a job and waits for its end. When ctx ends the job is cancelled.
// nil means that the result is in C; otherwise the error wraps one of package
// job's and C is as it was (see Config.InPlaceBytes for the one exception).
//
// A job that ended with job.ErrCancelled, job.ErrExpired or job.ErrHung will not
// write C any more, but its batch may run on: until that has ended the device
// may still read A, B, Bias and C. Use other memory for the next job, or leave
// it alone. Only a *job.HeldError says that C itself may still be written.
func (s *Scheduler) Do(ctx context.Context, j job.Job) error {
	t := actors.NewTask()
	if err := s.accept(ctx, t, j, false, nil); err != nil {
		return err
	}
	s.engine.Submit(t)
	err := t.Await(ctx)
	t.Drop()
	return err
}

// Submit hands a job over and returns its handle at once. The job struct may
// be reused when Submit returns; the memory behind its views may not, until
// the job has ended. When ctx ends the job is cancelled.
//
// A refused job has no handle; the error says why and nothing was read or
// written: job.ErrInvalid, job.ErrQueueFull (retryable), job.ErrClosed,
// job.ErrQuarantined (retryable later), job.ErrReleased, job.ErrCancelled, job.ErrExpired.
func (s *Scheduler) Submit(ctx context.Context, j job.Job) (job.Handle, error) {
	t := actors.NewTask()
	t.Keep = true
	if err := s.accept(ctx, t, j, true, nil); err != nil {
		return job.Handle{}, err
	}
	s.engine.Submit(t)
	return job.HandleOf(&t.Life), nil
}

// accept checks a job, makes its plan and takes a lease for it. On an error
// the task is dropped and the job counted as rejected, but for a MissingError. What is
// in out is handed over before it waits.
func (s *Scheduler) accept(ctx context.Context, t *actors.Task, j job.Job, follow bool, out *Outbox) error {
	o, err := s.prepare(ctx, t, j, out)
	if err == nil {
		err = s.admit(ctx, t, o, out)
	}
	if err != nil {
		t.Refuse()
		if !IsMissing(err) {
			s.ledger.Account(o.Tenant).Reject(1)
		}
		return s.hint(err)
	}
	t.Arrived = s.engine.Now()
	s.watch(ctx, t, o, follow)
	return nil
}

// prepare fills in the task: form, plan, operands, deadline.
func (s *Scheduler) prepare(ctx context.Context, t *actors.Task, j job.Job, out *Outbox) (o *job.Options, err error) {
	if j == nil {
		return new(job.Options), &job.InvalidError{Field: "job", Got: "nil", Allowed: "a *job.Matmul, *job.Softmax or *job.Attention"}
	}
	o = job.OptionsOf(j)
	if err := job.CheckContext(ctx); err != nil {
		return o, err
	}
	if err := j.Arrange(&t.Form, policy.Orient); err != nil {
		return o, err
	}
	if s.closed.Load() {
		return o, job.ErrClosed
	}
	if ctx.Err() != nil {
		_, err := job.Ending(ctx)
		return o, err
	}
	if t.Plan, err = s.home.Load().plans.Plan(t.Form.Problem); err != nil {
		return o, &job.InvalidError{Field: "problem", Cause: err}
	}
	if err := s.retain(ctx, t, out); err != nil {
		return o, err
	}
	if s.quarantine.Holding() {
		if err := s.quarantine.Check(policy.FingerprintOf(o.Tenant, &t.Form, t.Plan), s.engine.Now()); err != nil {
			return o, err
		}
	}
	t.Class, t.Units, t.Bytes = o.Priority.Class(), t.Form.Units(), t.Form.Volume()
	return o, s.setDeadline(ctx, t, o)
}

// setDeadline takes the earlier of the job's deadline and the context's.
func (s *Scheduler) setDeadline(ctx context.Context, t *actors.Task, o *job.Options) error {
	t.Deadline = o.Deadline
	if d, ok := ctx.Deadline(); ok && (t.Deadline.IsZero() || d.Before(t.Deadline)) {
		t.Deadline = d
	}
	if t.Deadline.IsZero() {
		return nil
	}
	if time.Until(t.Deadline) <= 0 {
		return job.ErrExpired
	}
	return nil
}
