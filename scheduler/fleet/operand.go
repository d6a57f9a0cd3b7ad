package fleet

import (
	"context"
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Operand is a matrix that a fleet keeps, in the host's memory and on one device
// or more. Its methods are those of *scheduler.Operand and may be called from
// any goroutine.
type Operand struct {
	fleet *Fleet
	id    tensor.Resident
	view  tensor.View
	turn  chan struct{} // holds one token: serialises Update and Release

	// Guarded by fleet.mu.
	current *version // nil: released
	home    int      // the device where its jobs go
}

// version is one content of an operand.
type version struct {
	operand *Operand
	host    tensor.View // compact, never written
	bytes   int64
	slots   []slot // by member; guarded by fleet.mu
	dead    bool   // replaced or released; likewise
}

// Load keeps a copy of a matrix in the host's memory and loads it on the device
// with most memory free, or on the next best if that has none after all, hangs or
// is lost; while no other takes work it waits for one that is restarted. Later
// changes to the caller's memory are not seen. The error is as of scheduler.Load.
func (f *Fleet) Load(v tensor.View) (*Operand, error) {
	o := &Operand{fleet: f, turn: make(chan struct{}, 1)}
	o.turn <- struct{}{}
	o.id.Owner = o
	next, err := f.keep(o, v)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.ids++
	o.id.ID, o.home, o.current = f.ids, -1, next
	f.operands[o] = struct{}{}
	f.mu.Unlock()
	if err := f.settle(context.Background(), next); err != nil {
		o.Release()
		return nil, err
	}
	dims := v.Dims()
	o.view = o.id.Of(tensor.Window(nil, int(next.bytes), v.DType(), dims, tensor.Compact(dims), 0))
	return o, nil
}

// LoadOperand implements job.Doer.
func (f *Fleet) LoadOperand(v tensor.View) (job.Operand, error) {
	o, err := f.Load(v)
	if err != nil { // not a nil *Operand in an interface
		return nil, err
	}
	return o, nil
}

// keep copies a matrix to the host's memory.
func (f *Fleet) keep(o *Operand, v tensor.View) (*version, error) {
	if err := scheduler.CheckLoad(v); err != nil {
		return nil, err
	}
	bytes := max(int64(v.Len())*int64(v.DType().Size()), 1)
	f.mu.Lock()
	closed, full := f.closed, bytes > f.mostHost-f.host
	if !closed && !full {
		f.host += bytes
	}
	f.mu.Unlock()
	switch {
	case closed:
		return nil, job.ErrClosed
	case bytes > f.mostHost:
		return nil, fmt.Errorf("fleet: %w: %w", device.ErrOutOfMemory, &job.InvalidError{
			Field: "operand", Got: fmt.Sprintf("%d bytes", bytes),
			Allowed: fmt.Sprintf("up to %d bytes, for copies of all operands in the host's memory", f.mostHost), Kind: job.ErrTooLarge,
		})
	case full:
		return nil, fmt.Errorf("fleet: keep operand of %d bytes in the host's memory: %w: %d bytes are allowed", bytes, device.ErrOutOfMemory, f.mostHost)
	}
	host, err := scheduler.Snapshot(v)
	if err != nil {
		f.mu.Lock()
		f.host -= bytes
		f.mu.Unlock()
		return nil, err
	}
	return &version{operand: o, host: host, bytes: bytes, slots: make([]slot, len(f.members))}, nil
}

// View returns the operand as it was loaded, compact and row-major. A nil Operand's
// is refused by every job.
func (o *Operand) View() tensor.View {
	if o == nil {
		return tensor.NotLoaded()
	}
	return o.view
}

// T returns the operand's transpose.
func (o *Operand) T() tensor.View { return o.View().T() }

// Update replaces the operand's contents by a copy of v, of the type and
// dimensions it was loaded with. It loads them where the operand's jobs go;
// copies elsewhere are given up.
func (o *Operand) Update(v tensor.View) error {
	if o == nil {
		return &job.InvalidError{Field: "operand", Got: "nil", Allowed: "one that was loaded without an error"}
	}
	if err := scheduler.CheckLoad(v); err != nil {
		return err
	}
	if v.DType() != o.view.DType() || v.Dims() != o.view.Dims() {
		return &job.InvalidError{
			Field: "operand", Got: fmt.Sprintf("%v %v", v.DType(), v.Dims()),
			Allowed: fmt.Sprintf("%v %v, as loaded", o.view.DType(), o.view.Dims()),
		}
	}
	<-o.turn
	defer func() { o.turn <- struct{}{} }()
	f := o.fleet
	next, err := f.keep(o, v)
	if err != nil {
		return err
	}
	if o.version() == nil {
		f.drop(next, "")
		return f.gone()
	}
	if err := f.settle(context.Background(), next); err != nil {
		f.drop(next, "")
		return err
	}
	f.mu.Lock()
	old := o.current
	if old != nil {
		o.current = next
	}
	f.mu.Unlock()
	if old == nil { // by Close, which does not wait for its turn
		f.drop(next, "")
		return f.gone()
	}
	f.drop(old, "updated")
	return nil
}

// Release gives the memory back after the last job that uses the operand.
// Releasing again is harmless.
func (o *Operand) Release() {
	if o == nil {
		return
	}
	<-o.turn
	defer func() { o.turn <- struct{}{} }()
	o.release()
}

// release is Release, also beside an Update.
func (o *Operand) release() {
	f := o.fleet
	f.mu.Lock()
	old := o.current
	o.current = nil
	delete(f.operands, o)
	f.mu.Unlock()
	if old != nil {
		f.drop(old, "released")
	}
}

// version returns the contents of the moment, nil when released.
func (o *Operand) version() *version {
	o.fleet.mu.Lock()
	defer o.fleet.mu.Unlock()
	return o.current
}

// On implements scheduler.Shared: jobs are placed before, so the copy is there
// unless it was given up in between.
func (o *Operand) On(ctx context.Context, s *scheduler.Scheduler, out *scheduler.Outbox) (*scheduler.Operand, error) {
	m := o.fleet.of[s]
	if m == nil {
		return nil, &job.InvalidError{Field: "operand", Got: "loaded by another fleet", Allowed: "operands of this one"}
	}
	for {
		v := o.version()
		if v == nil {
			return nil, o.fleet.gone()
		}
		c, err := o.fleet.fetch(ctx, v, m, out, "needed by a job that was placed there")
		if err != errReplaced {
			return c, missing(err)
		}
	}
}

// missing wraps the error of a load whose device had gone before. One that a device
// went with is not done again for the same job: it may be what it went by.
func missing(err error) error {
	gone := errors.Is(err, device.ErrLost) || errors.Is(err, job.ErrUnavailable)
	if gone && !errors.Is(err, job.ErrHung) {
		return &scheduler.MissingError{Err: err}
	}
	return err
}

// gone is why there is no operand any more.
func (f *Fleet) gone() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return job.ErrClosed
	}
	return job.ErrReleased
}

// releaseAll is for Close. It does not wait for an Update, which may be reading slow
// memory, but leaves it nothing to release, and so to record.
func (f *Fleet) releaseAll() {
	f.mu.Lock()
	var all []*Operand
	for o := range f.operands {
		all = append(all, o)
	}
	var there []*version
	for _, m := range f.members {
		there = append(there, m.sorted()...)
	}
	f.mu.Unlock()
	for _, o := range all {
		o.release()
	}
	for _, v := range there {
		f.drop(v, "released")
	}
}
