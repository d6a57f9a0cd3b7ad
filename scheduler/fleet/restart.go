package fleet

import (
	"errors"
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// restartLook is how often a load looks whether a device is back.
const restartLook = time.Millisecond

// load loads a version on a member, and says how long that took. What a job needs
// waits for a device that is being restarted, like jobs whose operands are there:
// until it takes work or is given up, or the fleet is closed.
func (f *Fleet) load(v *version, m *member, how bringing) (c *scheduler.Operand, took time.Duration, err error) {
	for {
		down := m.restarting()
		start := time.Now()
		if c, err = m.s.LoadFor(v, v.host); !errors.Is(err, device.ErrLost) {
			return c, time.Since(start), err
		}
		down = down || m.restarting() // it may have gone, or come back, meanwhile
		if !down || m.s.Lost() || how.claim != policy.ClaimAny {
			return nil, 0, fmt.Errorf("fleet: %s: %w: %w", m.name, job.ErrUnavailable, err)
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
