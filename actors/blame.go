package actors

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// blame tells the quarantine of a job that failed alone by its own fault; one
// that was cut counts once.
func (d *desk) blame(b *Batch) {
	q := d.engine.Quarantine
	if q == nil || len(b.parts) != 1 || !ownFault(b.err) {
		return
	}
	if t := b.parts[0].task; t.split == nil || !t.split.failed() {
		q.Failed(t.fingerprint(), d.engine.now(), b.err)
	}
}

// absolve tells it of jobs that were done, if any failed lately.
func (d *desk) absolve(b *Batch) {
	q := d.engine.Quarantine
	if !q.Watching() {
		return
	}
	now := d.engine.now()
	for i := range b.parts {
		q.Succeeded(b.parts[i].task.fingerprint(), now)
	}
}

func (t *Task) fingerprint() policy.Fingerprint {
	return policy.FingerprintOf(t.Account.Tenant, &t.Form, t.Plan)
}

// ownFault reports whether a job that failed alone is to blame: not for the
// loss of the device, nor for want of memory, nor for memory of its caller's that
// is gone, as others like it have theirs, nor for a message that our own actors could
// not deliver.
func ownFault(cause error) bool {
	for _, others := range []error{device.ErrLost, device.ErrClosed, device.ErrOutOfMemory, job.ErrHung} {
		if errors.Is(cause, others) {
			return false
		}
	}
	if gone := (*device.MemoryError)(nil); errors.As(cause, &gone) {
		return false
	}
	var p *PanicError
	return !errors.As(cause, &p) || p.Where != undelivered
}

// undelivered is where a message panics that made an actor panic every time.
const undelivered = "actor"

// failed reports whether a part has failed.
func (s *split) failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err != nil
}
