package fleet

import (
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// restartLook is how often a load looks whether a device is back.
const restartLook = time.Millisecond

// load loads a version on a member, and says how long that took. What a job needs
// waits for a device that is being restarted, like jobs whose operands are there:
// until it takes work or is given up, or the fleet is closed. A load that a device
// was lost with is not done again, as it may be what that was lost by: the error is
// job.ErrHung, while device.ErrLost alone says that the device was lost before.
func (f *Fleet) load(v *version, m *member, how bringing) (c *scheduler.Operand, took time.Duration, err error) {
	for {
		start := time.Now()
		c, err = m.s.LoadFor(v, v.host)
		switch {
		case err == nil:
			return c, time.Since(start), nil
		case !errors.Is(err, device.ErrLost):
			return nil, 0, err
		case m.s.Lost():
			return nil, 0, fmt.Errorf("fleet: %s: %w: %w", m.name, job.ErrUnavailable, err)
		case !how.back || errors.Is(err, job.ErrHung):
			return nil, 0, fmt.Errorf("fleet: %s: %w", m.name, err)
		}
		for m.restarting() {
			if f.isClosed() {
				return nil, 0, job.ErrClosed
			}
			time.Sleep(restartLook)
		}
	}
}

// restarting reports whether the device is neither up nor given up.
func (m *member) restarting() bool { return !m.s.Up() && !m.s.Lost() }

func (f *Fleet) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}
