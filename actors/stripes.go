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
	in := &s.all[mine.stripe.Load()]
	if last := in.user.Load(); last != mine {
		if last != nil && last.stripe.Load() == mine.stripe.Load() { // both would go on to
			mine.stripe.Store((mine.stripe.Load() + 1) % int32(len(s.all)))
			in = &s.all[mine.stripe.Load()]
		}
		in.user.Store(mine)
	}
	appointed = in.put(newest, oldest)
	s.seat.Put(mine)
	return appointed
}

// take empties the stripe of the processor it runs on, or another.
func (s *stripes) take() *Task {
	first := 0
	if len(s.all) > 1 {
		mine := s.seat.Get().(*seat)
		first = int(mine.stripe.Load())
		s.seat.Put(mine)
	}
	for i := range s.all {
		if t := s.all[(first+i)%len(s.all)].take(); t != nil {
			return t
		}
	}
	return nil
}
