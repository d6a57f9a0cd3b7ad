package actors

import (
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/device"
)

// StagingRing is memory beside a loaded operand where the vectors of its jobs lie side
// by side, for a device that cannot read the caller's memory: who submits a job
// copies its vector into the next place, each on a processor of its own, so that
// a batch of neighbours has nothing to copy. The first batch that is worth it
// opens the ring, which stays as long as the operand does, or until another operand
// wants the memory and no batch has used it for long. The zero StagingRing is not
// open.
type StagingRing struct {
	open atomic.Pointer[ring]
	rest int // batches until it is tried again, after there was no memory
}

const (
	ringJobs    = 8        // in a batch that is worth a ring
	ringBytes   = 4 << 20  // of one
	ringsBytes  = 64 << 20 // of all of an engine's: it is pinned memory
	leastPlaces = 64       // fewer are not worth it
	mostPlaces  = 1024
	ringRest    = 1024 // batches, until it is tried again or may go to another operand
)

// Close gives back the memory. Nobody may need it any more.
func (s *StagingRing) Close() {
	if r := s.open.Swap(nil); r != nil {
		r.free()
	}
}

// get returns the ring, nil if there is none.
func (s *StagingRing) get() *ring {
	if s == nil {
		return nil
	}
	return s.open.Load()
}

// wantRing opens a ring for the jobs of a problem that has none if there are
// enough that could lie there, submitted one by one.
func (e *Engine) wantRing(ps []part) {
	t := ps[0].task
	memory := t.Memory[OperandA]
	if len(ps) < ringJobs || e.info.HostMemory || memory == nil || memory.StagingRing() == nil || memory.StagingRing().get() != nil {
		return
	}
	n := 0
	for i := range ps {
		if t := ps[i].task; t.single && t.isVector() {
			n++
		}
	}
	if s := memory.StagingRing(); n >= ringJobs {
		if s.rest--; s.rest < 0 && !e.openRing(s, t) {
			s.rest = ringRest
		}
	}
}

// openRing opens a ring for jobs like t, if there is memory for it.
func (e *Engine) openRing(s *StagingRing, t *Task) bool {
	p := &t.Plan.Problem
	size := p.Shape.K * p.B.Size()
	if size == 0 || size%arenaAlign != 0 || size > ringBytes/leastPlaces {
		return false
	}
	n := min(ringBytes/size, mostPlaces)
	if !e.pin(n * size) {
		return false
	}
	buffer, err := e.device.Alloc(device.SpaceShared, n*size)
	if err != nil { // nothing depends on it
		e.pinned.Add(-int64(n * size))
		return false
	}
	s.open.Store(&ring{
		buffer: buffer, dtype: p.B, length: p.Shape.K, places: make([]atomic.Int32, n),
		pinned: &e.pinned, used: e.recycled,
	})
	e.rings = append(e.rings, s)
	return true
}

// pin counts memory for a ring in, if need be in place of rings that have not been
// used for long.
func (e *Engine) pin(size int) bool {
	e.rings = e.liveRings()
	for _, s := range e.rings {
		if e.pinned.Load()+int64(size) <= ringsBytes {
			break
		}
		if r := s.get(); r != nil && e.recycled-r.used > ringRest {
			s.shut(r)
		}
	}
	if e.pinned.Add(int64(size)) <= ringsBytes {
		return true
	}
	e.pinned.Add(-int64(size))
	return false
}

// shutRings gives back the memory of all rings that nobody uses just now.
func (e *Engine) shutRings() {
	for _, s := range e.rings {
		if r := s.get(); r != nil {
			s.shut(r)
		}
	}
}

// shut closes a ring if nobody uses it.
func (s *StagingRing) shut(r *ring) {
	if r.shut() && s.open.CompareAndSwap(r, nil) {
		r.free()
		s.rest = ringRest
	}
}

// liveRings forgets those whose operand is gone.
func (e *Engine) liveRings() []*StagingRing {
	live := e.rings[:0]
	for _, s := range e.rings {
		if s.get() != nil {
			live = append(live, s)
		}
	}
	clear(e.rings[len(live):])
	return live
}

// closeRings closes them all, before the device is another one or none. Jobs
// that lie there are copied from their callers' memory. A vector that is being
// written may be in memory that is slow, such as a mapped file's: the device
// before is retired after that, as after other wreckage, which is returned.
func (e *Engine) closeRings() (written []*wreckage) {
	for _, s := range e.rings {
		if r := s.open.Swap(nil); r != nil {
			if w := r.bar(); w != nil {
				written, e.dropped = append(written, w), append(e.dropped, w)
			}
			whenGone(e.dropped, r.free)
		}
	}
	clear(e.rings)
	e.rings = e.rings[:0]
	return written
}

// bar lets nobody in any more, and returns those who are writing, nil for nobody.
func (r *ring) bar() *wreckage {
	w := newWreckage(nil)
	r.writers = w
	busy := false
	for i := range r.places {
		w.add() // first: it may be written then
		if r.places[i].Or(barred)&writing != 0 {
			busy = true
			continue
		}
		w.letGo()
	}
	if !busy {
		return nil
	}
	w.letGo()
	return w
}
