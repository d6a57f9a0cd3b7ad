package scheduler

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Operand is a matrix that a scheduler keeps on its device, such as a weight
// that many jobs share. Use View, T or slices of them as A or B of a job: jobs
// that name the same operand are computed together.
//
// All methods may be called from any goroutine.
type Operand struct {
	scheduler *Scheduler
	shared    Shared // whose it is here, nil for nobody's
	id        tensor.Resident
	view      tensor.View
	current   atomic.Pointer[copyOf]
	last      atomic.Pointer[copyOf] // of one that is shared, when it is released
	change    gate                   // serialises Update and Release
}

// Load copies a matrix to the device and returns it as an operand. Later
// changes to the caller's memory are not seen; see Update. The error wraps
// job.ErrInvalid, job.ErrClosed, device.ErrOutOfMemory, job.ErrHung or
// job.ErrUnavailable.
//
// job.ErrHung: the device hung, or was lost, with the copy on its way. It is
// restarted and Load may be called again. While one that was lost is restarted Load
// waits; job.ErrUnavailable says that it could not be had again.
//
// The caller's memory is read by Load itself, on the caller's and other goroutines,
// which have ended when it returns, however long its pages take: no device waits for
// it, and none is taken for hung because of it.
func (s *Scheduler) Load(v tensor.View) (*Operand, error) { return s.load(v, nil) }

// load is Load or, for an operand that is shared, LoadFor.
func (s *Scheduler) load(v tensor.View, shared Shared) (*Operand, error) {
	o := &Operand{scheduler: s, shared: shared, change: newGate(), id: tensor.Resident{ID: s.operands.Add(1)}}
	o.id.Owner = o
	if err := CheckLoad(v); err != nil {
		return nil, err
	}
	if !s.loads.enter() {
		return nil, job.ErrClosed
	}
	defer s.loads.leave()
	c, err := s.copyIn(v, shared != nil)
	if err != nil {
		return nil, err
	}
	o.current.Store(c)
	o.view = o.id.Of(tensor.Window(nil, c.Buffer().Len(), v.DType(), v.Dims(), tensor.Compact(v.Dims()), 0))
	s.loaded.Store(o, nil)
	return o, nil
}

// LoadOperand implements job.Doer.
func (s *Scheduler) LoadOperand(v tensor.View) (job.Operand, error) {
	o, err := s.Load(v)
	if err != nil { // not a nil *Operand in an interface
		return nil, err
	}
	return o, nil
}

// CheckLoad returns what keeps a view from being loaded: an error that wraps
// job.ErrInvalid.
func CheckLoad(v tensor.View) error {
	switch {
	case v.Err() != nil:
		return &job.InvalidError{Field: "operand", Cause: v.Err()}
	case v.IsZero():
		return &job.InvalidError{Field: "operand", Got: "missing", Allowed: "a view over memory"}
	case v.Resident() != nil:
		return &job.InvalidError{Field: "operand", Got: "loaded already", Allowed: "memory of the caller"}
	case v.Base() == nil && v.Len() > 0:
		return &job.InvalidError{Field: "operand", Got: "a view of other memory", Allowed: "memory that the host can address"}
	case v.Len() > math.MaxInt/v.DType().Size(): // by strides of 0
		return &job.InvalidError{
			Field: "operand", Got: fmt.Sprintf("%d elements of %v", v.Len(), v.DType()), Allowed: "a size in bytes that fits an int",
		}
	}
	return nil
}

// View returns the operand as it was loaded, compact and row-major. It names
// the operand in jobs; the contents cannot be read through it. A nil Operand's is
// refused by every job.
func (o *Operand) View() tensor.View {
	if o == nil {
		return tensor.NotLoaded()
	}
	return o.view
}

// T returns the operand's transpose.
func (o *Operand) T() tensor.View { return o.View().T() }

// Update replaces the operand's contents by a copy of v, which must have the
// type and dimensions it was loaded with. Jobs submitted before see the old
// contents, jobs submitted after it returns the new. The error is like Load's,
// or job.ErrReleased.
func (o *Operand) Update(v tensor.View) error {
	if o == nil {
		return &job.InvalidError{Field: "operand", Got: "nil", Allowed: "one that was loaded without an error"}
	}
	if err := CheckLoad(v); err != nil {
		return err
	}
	if v.DType() != o.view.DType() || v.Dims() != o.view.Dims() {
		return &job.InvalidError{
			Field: "operand", Got: fmt.Sprintf("%v %v", v.DType(), v.Dims()),
			Allowed: fmt.Sprintf("%v %v, as loaded", o.view.DType(), o.view.Dims()),
		}
	}
	if !o.scheduler.loads.enter() {
		return job.ErrClosed
	}
	defer o.scheduler.loads.leave()
	o.change.lock()
	defer o.change.unlock()
	old := o.current.Load()
	if old == nil {
		return job.ErrReleased
	}
	next, err := o.scheduler.copyIn(v, false)
	if err != nil {
		return err
	}
	o.current.Store(next)
	o.scheduler.quarantine.Forget(o.id.ID) // whatever it did, it is another now
	old.Release(1)
	return nil
}

// Release gives the memory back after the last job that uses the operand.
// Jobs submitted later are refused with job.ErrReleased. Releasing again is
// harmless.
func (o *Operand) Release() {
	if o == nil {
		return
	}
	o.change.lock()
	defer o.change.unlock()
	if o.shared != nil {
		o.last.CompareAndSwap(nil, o.current.Load())
	}
	if old := o.current.Swap(nil); old != nil {
		o.scheduler.quarantine.Forget(o.id.ID)
		old.Release(1)
		o.scheduler.loaded.Delete(o) // last: Close waits for those that are there
	}
}

// acquire returns the current contents for one job.
func (o *Operand) acquire() (*copyOf, error) {
	for {
		c := o.current.Load()
		switch {
		case c == nil && o.scheduler.closed.Load(): // which released it
			return nil, job.ErrClosed
		case c == nil:
			return nil, job.ErrReleased
		}
		if c.retain() {
			return c, nil
		}
	}
}

// retain takes hold of the operands that a task's form names.
func (s *Scheduler) retain(ctx context.Context, t *actors.Task, out *Outbox) error {
	for i, v := range [actors.Operands]*tensor.View{
		actors.OperandA: &t.Form.A, actors.OperandB: &t.Form.B, actors.OperandBias: &t.Form.Bias,
	} {
		r := v.Resident()
		if r == nil {
			continue
		}
		c, here, err := s.take(ctx, r, out)
		if err != nil {
			return err
		}
		t.Memory[i] = c
		*v = v.Rebase(c.Buffer().Pointer())
		if here != r { // it goes by another name on this device
			*v = here.Of(*v)
		}
	}
	return nil
}
