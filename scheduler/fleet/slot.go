package fleet

import (
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// slot is a version's copy on one member, or the place for it. It is guarded by
// the fleet's mu.
type slot struct {
	copy   *scheduler.Operand // nil: it is not there
	flight *flight            // it is being loaded
	since  time.Time          // when it came
	took   time.Duration      // its load
	asked  time.Time          // when a job last asked for it
	futile time.Time          // when a copy that no job waits for last failed

	problem kernels.Problem // of the last job that was placed here
	charged time.Duration   // its part of the member's queue
	pending int64           // jobs of a group that need it here, while others are placed
}

// asCopy describes the slot to policy.Evict.
func (s *slot) asCopy(v *version, now time.Time) policy.Copy {
	return policy.Copy{
		Bytes: v.bytes, InUse: s.pending > 0 || s.copy.InUse() > 0, Idle: now.Sub(s.asked),
		Fresh: policy.Fresh(now.Sub(s.since), s.took),
	}
}

// elsewhere reports whether another member that takes work has a copy.
func (v *version) elsewhere(member int) bool {
	for i := range v.slots {
		if i != member && v.slots[i].copy != nil && v.operand.fleet.members[i].state == up {
			return true
		}
	}
	return false
}

// clear takes the copy away and returns it, to be released without the lock. Its
// memory counts until no job uses it.
func (f *Fleet) clear(v *version, m *member) *scheduler.Operand {
	s := &v.slots[m.index]
	c := s.copy
	if c != nil {
		m.queue.forget(s)
		m.leaving[c] = v.bytes
		delete(m.copies, v)
		s.copy = nil
	}
	return c
}

// farewell takes copies that left off the books and returns the bytes of those
// that jobs use still.
func (m *member) farewell() (leaving int64) {
	for c, bytes := range m.leaving {
		if !c.Released() {
			leaving += bytes
			continue
		}
		m.used -= bytes
		delete(m.leaving, c)
	}
	return leaving
}

// drop gives up all copies of a version, and its memory.
func (f *Fleet) drop(v *version, why string) {
	f.mu.Lock()
	var gone []*scheduler.Operand
	for _, m := range f.members {
		if c := f.clear(v, m); c != nil {
			gone = append(gone, c)
			f.journal.tell(m, v, placedRelease, why, 0)
		}
	}
	if !v.dead {
		v.dead = true
		f.host -= v.bytes
	}
	f.mu.Unlock()
	for _, c := range gone {
		c.Release()
	}
}
