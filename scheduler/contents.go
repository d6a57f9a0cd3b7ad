package scheduler

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// contents returns what was loaded, as the host can read it.
func (c *copyOf) contents() tensor.View {
	if b := c.Buffer(); b.Pointer() != nil {
		return tensor.Window(b.Pointer(), b.Len(), c.dtype, c.dims, tensor.Compact(c.dims), 0)
	}
	return c.host
}

// keep keeps v, which is in b, to load it on another device: a copy of it where
// the host cannot read b, or v itself if that lasts.
func (c *copyOf) keep(b device.Buffer, v tensor.View, lasts bool) (err error) {
	switch {
	case !c.host.IsZero() || !c.scheduler.cfg.reopens():
	case lasts:
		c.host = v
	case b.Pointer() == nil:
		c.host, err = Snapshot(v)
	}
	return err
}

// reload loads what a copy holds, which the host could read until now.
func (h *home) reload(c *copyOf, patience time.Duration) (device.Buffer, error) {
	v := c.contents()
	b, err := h.load(v, patience)
	if err == nil {
		err = c.keep(b, v, false)
	}
	return b, err
}

// errGone: what was loaded cannot be read any more, which keep prevents.
var errGone = errors.New("scheduler: an operand's contents are nowhere")

// Snapshot returns a compact copy of v in memory of its own. The error is like
// Load's.
func Snapshot(v tensor.View) (tensor.View, error) {
	size := v.Len() * v.DType().Size()
	words := make([]uint64, size/8+1) // aligned for every element type
	c := tensor.Window(unsafe.Pointer(unsafe.SliceData(words)), len(words)*8, v.DType(), v.Dims(), tensor.Compact(v.Dims()), 0)
	if err := device.TryCopy(c, v); err != nil {
		return tensor.View{}, notRead(err)
	}
	return c, nil
}

// notRead wraps why an operand could not be read or written down.
func notRead(err error) error {
	var gone *device.MemoryError
	if errors.As(err, &gone) {
		return &job.InvalidError{Field: "operand", Cause: gone}
	}
	return fmt.Errorf("load operand: %w", err)
}
