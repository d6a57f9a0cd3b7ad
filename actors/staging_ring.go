package actors

import (
	"runtime"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/device"
)

// StagingRing is memory beside a loaded operand where the vectors of its jobs lie side
// by side, for a device that cannot read the caller's memory: who submits a job
// copies its vector into the next place, each on a processor of its own, so that
// a batch of neighbours has nothing to copy. The first batch that is worth it
// opens the ring. The zero StagingRing is not open.
type StagingRing struct{ open atomic.Pointer[ring] }

const (
	ringJobs    = 8        // in a batch that is worth a ring
	ringBytes   = 4 << 20  // of one
	ringsBytes  = 64 << 20 // of all of an engine's: it is pinned memory
	leastPlaces = 64       // fewer are not worth it
	mostPlaces  = 1024
)

// Close gives back the memory. Nobody may need it any more.
func (q *StagingRing) Close() {
	if b := q.open.Swap(nil); b != nil {
		b.free()
	}
}

// get returns the ring, nil if there is none.
func (q *StagingRing) get() *ring {
	if q == nil {
		return nil
	}
	return q.open.Load()
}

// openRing opens a ring for jobs like t, if there is memory for it.
func (e *Engine) openRing(q *StagingRing, t *Task) {
	p := &t.Plan.Problem
	size := p.Shape.K * p.B.Size()
	if q == nil || size == 0 || size%arenaAlign != 0 || size > ringBytes/leastPlaces {
		return
	}
	n := min(ringBytes/size, mostPlaces)
	if e.pinned.Add(int64(n*size)) > ringsBytes {
		e.pinned.Add(-int64(n * size))
		return
	}
	buffer, err := e.device.Alloc(device.SpaceShared, n*size)
	if err != nil { // nothing depends on it
		e.pinned.Add(-int64(n * size))
		return
	}
	q.open.Store(&ring{buffer: buffer, dtype: p.B, length: p.Shape.K, all: make([]atomic.Int32, n), pinned: &e.pinned})
	e.rings = append(e.openRings(), q)
}

// openRings forgets those whose operand is gone.
func (e *Engine) openRings() []*StagingRing {
	open := e.rings[:0]
	for _, q := range e.rings {
		if q.get() != nil {
			open = append(open, q)
		}
	}
	clear(e.rings[len(open):])
	return open
}

// closeRings closes them all, before the device is another one or none. Jobs
// that lie there are copied from their callers' memory.
func (e *Engine) closeRings() {
	for _, q := range e.rings {
		if b := q.open.Swap(nil); b != nil {
			b.bar()
			whenGone(e.dropped, b.free)
		}
	}
	clear(e.rings)
	e.rings = e.rings[:0]
}

// bar lets nobody in any more and waits for those who are writing, which takes
// as long as a vector takes to copy.
func (b *ring) bar() {
	for i := range b.all {
		for b.all[i].Or(barred)&writing != 0 {
			runtime.Gosched()
		}
	}
}
