package actors

import (
	"runtime"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/device"
)

// Quay is memory beside a loaded operand where the vectors of its jobs lie side
// by side, for a device that cannot read the caller's memory: who submits a job
// copies its vector into the next berth, each on a processor of its own, so that
// a batch of neighbours has nothing to copy. The first batch that is worth it
// opens the quay. The zero Quay is not open.
type Quay struct{ open atomic.Pointer[berths] }

const (
	quayJobs    = 8        // in a batch that is worth a quay
	quayBytes   = 4 << 20  // of one
	quaysBytes  = 64 << 20 // of all of an engine's: it is pinned memory
	leastBerths = 64       // fewer are not worth it
	mostBerths  = 1024
)

// Close gives back the memory. Nobody may need it any more.
func (q *Quay) Close() {
	if b := q.open.Swap(nil); b != nil {
		b.free()
	}
}

// berths returns those of an open quay, nil for none.
func (q *Quay) berths() *berths {
	if q == nil {
		return nil
	}
	return q.open.Load()
}

// openQuay opens a quay for jobs like t, if there is memory for it.
func (e *Engine) openQuay(q *Quay, t *Task) {
	p := &t.Plan.Problem
	size := p.Shape.K * p.B.Size()
	if q == nil || size == 0 || size%arenaAlign != 0 || size > quayBytes/leastBerths {
		return
	}
	n := min(quayBytes/size, mostBerths)
	if e.quayed.Add(int64(n*size)) > quaysBytes {
		e.quayed.Add(-int64(n * size))
		return
	}
	buffer, err := e.device.Alloc(device.SpaceShared, n*size)
	if err != nil { // nothing depends on it
		e.quayed.Add(-int64(n * size))
		return
	}
	q.open.Store(&berths{buffer: buffer, dtype: p.B, length: p.Shape.K, all: make([]atomic.Int32, n), pinned: &e.quayed})
	e.quays = append(e.openQuays(), q)
}

// openQuays forgets those whose operand is gone.
func (e *Engine) openQuays() []*Quay {
	open := e.quays[:0]
	for _, q := range e.quays {
		if q.berths() != nil {
			open = append(open, q)
		}
	}
	clear(e.quays[len(open):])
	return open
}

// closeQuays closes them all, before the device is another one or none. Jobs
// that lie there are copied from their callers' memory.
func (e *Engine) closeQuays() {
	for _, q := range e.quays {
		if b := q.open.Swap(nil); b != nil {
			b.bar()
			whenGone(e.dropped, b.free)
		}
	}
	clear(e.quays)
	e.quays = e.quays[:0]
}

// bar lets nobody in any more and waits for those who are writing, which takes
// as long as a vector takes to copy.
func (b *berths) bar() {
	for i := range b.all {
		for b.all[i].Or(barred)&writing != 0 {
			runtime.Gosched()
		}
	}
}
