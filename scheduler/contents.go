package scheduler

import (
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// contents returns what was loaded, as the host can read it.
func (c *copyOf) contents() tensor.View {
	if b := c.Buffer(); c.host.IsZero() && b.Pointer() != nil {
		return tensor.Window(b.Pointer(), b.Len(), c.dtype, c.dims, tensor.Compact(c.dims), 0)
	}
	return c.host
}

// keep keeps v, which goes to h, to load it there and on the next device: a copy of it
// where the host cannot read it, or v itself if that lasts.
func (c *copyOf) keep(h *home, v tensor.View, lasts bool) (err error) {
	switch {
	case !c.host.IsZero() || !c.scheduler.cfg.reopens():
	case lasts:
		c.host = v
	case !h.device.Info().HostMemory:
		c.host, err = Snapshot(v)
	}
	return err
}

// reload loads what a copy holds on another home: from what is kept, as the memory
// of the home before may be free when this one, which hangs, reads it.
func (h *home) reload(c *copyOf, patience time.Duration) (device.Buffer, error) {
	return h.load(c, c.contents(), false, patience)
}

// errGone: what was loaded cannot be read any more, which keep prevents.
var errGone = errors.New("scheduler: an operand's contents are nowhere")

// Snapshot returns a compact copy of v in memory of its own. The error is like
// Load's.
func Snapshot(v tensor.View) (tensor.View, error) {
	c, err := new(scratch).copy(v)
	if err != nil {
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
