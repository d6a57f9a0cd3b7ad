package scheduler

import (
	"context"
	"errors"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Shared is the tensor.Resident.Owner of an operand that several schedulers
// may have, such as one of package fleet.
type Shared interface {
	// On returns a scheduler's operand with the contents of the moment, which it
	// loads if need be. It is called while a job is submitted. It waits no longer
	// than ctx, and before it waits it calls out.HandOver. The error is
	// job.ErrReleased when there is no such operand any more, job.ErrCancelled or
	// job.ErrExpired when ctx ended, and a MissingError when the device went.
	On(ctx context.Context, s *Scheduler, out *Outbox) (*Operand, error)
}

// LoadFor is Load of memory that never changes, so that it is not copied for the
// case that the device is lost; it does not wait for a device that is restarted,
// but fails with device.ErrLost. A job that moves to another scheduler finds the
// operand there by shared.
func (s *Scheduler) LoadFor(shared Shared, v tensor.View) (*Operand, error) { return s.load(v, shared) }

// InUse returns how many jobs that have not ended use the operand; of one of
// LoadFor also after its Release, until its memory is free.
func (o *Operand) InUse() int64 {
	if c := o.current.Load(); c != nil {
		return max(c.refs.Load()-1, 0) // one is the operand's own
	}
	if c := o.last.Load(); c != nil {
		return max(c.refs.Load(), 0)
	}
	return 0
}

// Released reports whether an operand of LoadFor was released, and its memory is
// free.
func (o *Operand) Released() bool { return o.current.Load() == nil && o.InUse() == 0 }

// take returns the contents of a loaded operand for one job, and the identity
// that it has here.
func (s *Scheduler) take(ctx context.Context, r *tensor.Resident, out *Outbox) (*copyOf, *tensor.Resident, error) {
	switch o := r.Owner.(type) {
	case *Operand:
		if o.scheduler == s {
			c, err := o.acquire()
			return c, r, err
		}
		if o.shared != nil { // the job comes from another scheduler
			return s.takeShared(ctx, o.shared, out)
		}
	case Shared:
		return s.takeShared(ctx, o, out)
	}
	return nil, nil, &job.InvalidError{Field: "operand", Got: "loaded by another scheduler", Allowed: "operands of this one"}
}

// takeShared tries again when what it was given is released meanwhile, as long
// as there is another.
func (s *Scheduler) takeShared(ctx context.Context, shared Shared, out *Outbox) (*copyOf, *tensor.Resident, error) {
	for {
		o, err := shared.On(ctx, s, out)
		if err != nil {
			return nil, nil, err
		}
		c, err := o.acquire()
		if !errors.Is(err, job.ErrReleased) {
			return c, &o.id, err
		}
	}
}
