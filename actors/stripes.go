package actors

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// stripes are inboxes side by side: each processor puts into one of its own
// and, as far as it can be had, empties that one too. A task, its caller's
// stack and whoever wakes it then stay in one processor's cache; to fetch a
// cache line from another costs as much as a whole hand-over.
//
// The put that finds a stripe empty appoints its caller, who must call take or
// takeAll some time later. With that, whoever takes one stripe may leave the
// others: each has somebody who comes for it.
type stripes struct {
	all  []inbox
	seat *sync.Pool // of *seat: a pool's nearest item is the processor's own
}

// seat says which stripe a processor uses. Two that met on one stripe move
// apart.
type seat struct{ stripe atomic.Int32 }

// newStripes returns n stripes, at least one.
func newStripes(n int) stripes {
	var next atomic.Int32
	return stripes{all: make([]inbox, max(n, 1)), seat: &sync.Pool{New: func() any {
		s := &seat{}
		s.stripe.Store((next.Add(1) - 1) % int32(max(n, 1)))
		return s
	}}}
}

// processors is the number of stripes that keeps them apart.
func processors() int { return min(runtime.GOMAXPROCS(0), 64) }

// put adds a chain of tasks, linked from the newest to the oldest, and reports
// whether the caller is appointed to take.
func (s *stripes) put(newest, oldest *Task) (appointed bool) {
	if len(s.all) == 1 {
		return s.all[0].put(newest, oldest)
	}
	mine := s.seat.Get().(*seat)
	appointed = s.choose(mine).put(newest, oldest)
	s.seat.Put(mine)
	return appointed
}

// choose returns the stripe of a seat, after it has moved on from one that
// somebody else was the last to use and still goes to.
func (s *stripes) choose(mine *seat) *inbox {
	at := mine.stripe.Load()
	in := &s.all[at]
	last := in.user.Load()
	if last == mine {
		return in
	}
	if last != nil && last.stripe.Load() == at {
		at = (at + 1) % int32(len(s.all))
		mine.stripe.Store(at)
		in = &s.all[at]
	}
	in.user.Store(mine)
	return in
}

// take empties the stripe of the processor it runs on, or another.
func (s *stripes) take() *Task {
	if len(s.all) == 1 {
		return s.all[0].take()
	}
	mine := s.seat.Get().(*seat)
	own := int(mine.stripe.Load())
	s.seat.Put(mine)
	return s.takeFrom(own)
}

// takeFrom empties one stripe, or the next that has something.
func (s *stripes) takeFrom(own int) *Task {
	for i := range s.all {
		if t := s.all[(own+i)%len(s.all)].take(); t != nil {
			return t
		}
	}
	return nil
}
