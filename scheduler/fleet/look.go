package fleet

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/scheduler"
)

// look notices devices that went or came back. f.mu is held.
func (f *Fleet) look() {
	for _, m := range f.members {
		now := up
		switch {
		case m.s.Up():
		case m.s.Lost():
			now = lost
		default:
			now = restarting
		}
		if now != m.state {
			m.state = now
			f.journal.tell(m, nil, now.String(), "its scheduler says so", 0)
			if now == lost && !f.closed { // else Close releases all
				f.lose(m)
			}
		}
	}
}

// Lost reports that every device was given up: every job fails from now on, with
// job.ErrUnavailable.
func (f *Fleet) Lost() bool {
	return !slices.ContainsFunc(f.members, func(m *member) bool { return !m.s.Lost() })
}

// lose gives up what is on a device that will not come back. Jobs that need it
// have it brought to another.
func (f *Fleet) lose(m *member) {
	var gone []*scheduler.Operand
	for _, v := range m.sorted() {
		gone = append(gone, f.clear(v, m))
		f.journal.tell(m, v, placedRelease, "the device is lost", 0)
	}
	f.errand(func() {
		for _, c := range gone {
			c.Release()
		}
	})
}
