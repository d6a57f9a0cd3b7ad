package scheduler

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// copyOf is one version of an operand's contents on the device. It is freed
// when the operand and every job have let go of it.
type copyOf struct {
	scheduler *Scheduler
	at        atomic.Pointer[device.Buffer] // changes when the device does
	refs      atomic.Int64
	dtype     tensor.DType
	dims      tensor.Dims
	// host is kept to load the contents on another device: see keep.
	host    tensor.View
	staging actors.StagingRing
}

// freed marks a count that was 0 once: whoever adds to it is too late.
const freed = -1 << 40

func (c *copyOf) retain() bool {
	if c.refs.Add(1) > 0 {
		return true
	}
	c.refs.Add(-1)
	return false
}

// Buffer implements actors.Memory.
func (c *copyOf) Buffer() device.Buffer { return *c.at.Load() }

// StagingRing implements actors.Memory.
func (c *copyOf) StagingRing() *actors.StagingRing { return &c.staging }

// Release implements actors.Memory.
func (c *copyOf) Release(n int) {
	if c.refs.Add(-int64(n)) == 0 && c.refs.CompareAndSwap(0, freed) {
		c.scheduler.copies.Delete(c)
		c.staging.Close()
		c.Buffer().Free()
	}
}

// move changes the buffer and returns the one before.
func (c *copyOf) move(to device.Buffer) (from device.Buffer) { return *c.at.Swap(&to) }

// copyIn puts a compact copy of v on the device. If that is replaced meanwhile
// it starts again. Constant memory is its own copy for the next device, and its
// owner has other devices: there is no waiting for one that is restarted.
func (s *Scheduler) copyIn(v tensor.View, constant bool) (*copyOf, error) {
	c := &copyOf{scheduler: s, dtype: v.DType(), dims: v.Dims()}
	c.refs.Store(1)
	for {
		if s.closed.Load() {
			return nil, job.ErrClosed
		}
		since, h := s.engine.Restarts(), s.home.Load() // in this order: see Engine.Report
		err := s.copyTo(h, c, v, constant)
		if err == nil {
			if !h.device.Info().HostMemory { // else the device had no part in it
				s.engine.Relieve(since)
			}
			return c, nil
		}
		if s.home.Load() == h {
			if err = s.report(since, err, !constant); err != nil {
				return nil, err
			}
		}
	}
}

// errMoved: the device was replaced.
var errMoved = errors.New("scheduler: the device was replaced")

// copyTo puts a copy of v on a home that is not replaced meanwhile.
func (s *Scheduler) copyTo(h *home, c *copyOf, v tensor.View, constant bool) error {
	if !h.users.enter() {
		return errMoved
	}
	defer h.users.leave()
	b, err := h.load(c, v, constant, s.cfg.HangAfter)
	if err != nil {
		return err
	}
	c.at.Store(&b)
	if s.register(c, h) {
		return nil
	}
	b.Free()
	return errMoved
}

// register makes a copy known to whoever replaces the device; false if it has
// been replaced.
func (s *Scheduler) register(c *copyOf, h *home) bool {
	s.moving.lock()
	defer s.moving.unlock()
	if s.home.Load() != h {
		return false
	}
	s.copies.Store(c, nil)
	return true
}

// load puts a compact copy of v, which is ours if it lasts, in a buffer of its own.
func (h *home) load(c *copyOf, v tensor.View, lasts bool, patience time.Duration) (device.Buffer, error) {
	if v.IsZero() {
		return nil, errGone
	}
	size := v.Len() * v.DType().Size()
	space := device.SpaceDevice
	if h.device.Info().HostMemory {
		space = device.SpaceShared
	}
	b, err := h.device.Alloc(space, max(size, 1)) // before v is read, which may take long
	if err != nil {
		return nil, fmt.Errorf("load operand of %d bytes: %w", size, err)
	}
	if err = c.keep(h, v, lasts); err != nil {
		b.Free()
		return nil, err
	}
	if !c.host.IsZero() {
		v, lasts = c.host, true
	}
	if err = h.fill(b, v, lasts, patience); err != nil {
		return nil, err
	}
	return b, nil
}

// fill copies v to a buffer. If it fails the buffer is freed.
func (h *home) fill(b device.Buffer, v tensor.View, ours bool, patience time.Duration) (err error) {
	compact := tensor.Window(b.Pointer(), b.Len(), v.DType(), v.Dims(), tensor.Compact(v.Dims()), 0)
	if b.Pointer() == nil {
		err = h.upload(b, v, ours, patience)
	} else if err = device.TryCopy(compact, v); err != nil {
		b.Free()
	}
	if err != nil {
		return notRead(err)
	}
	if p, ok := b.(device.Preparer); ok && v.Len() > 0 {
		p.Prepare(compact)
	}
	return nil
}
