package actors

import (
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// ring is places for vectors of one type and length, side by side. They are
// taken in turn.
type ring struct {
	buffer device.Buffer
	dtype  tensor.DType
	length int
	pinned *atomic.Int64  // bytes of the engine's rings
	used   int            // the engine's batches when one last read it
	places []atomic.Int32 // of each the number of its users, writing and barred
	// writers are those whose vectors were not there yet when it was barred.
	writers *wreckage
	_       line
	next    atomic.Uint32
	_       line
}

// The users of a place are the job whose vector lies there and the batches that
// read it, be it only for lying between two of theirs. While it has some nobody
// else may write it.
const (
	writing = 1 << 29 // whoever took it has not written its vector yet
	barred  = 1 << 30 // nobody may take it
)

// suits reports whether the vector of a job can lie there.
func (r *ring) suits(t *Task) bool {
	p := &t.Plan.Problem
	return p.B == r.dtype && p.Shape.K == r.length && t.isVector()
}

// isVector reports whether a job has one that may lie beside those of others: it
// shares its operand with them and needs nothing else of its own.
func (t *Task) isVector() bool {
	return t.Units == 1 && t.Memory[OperandB] == nil && !t.Plan.Problem.Bias && !t.Form.ReadsC() && t.Plan.SharesColumns()
}

// put copies a vector to the next place; false if that is not free, or the
// vector cannot be read, which is left for the device to say.
func (r *ring) put(v tensor.View) (at int, ok bool) {
	at = int(r.next.Add(1)-1) % len(r.places)
	if !r.places[at].CompareAndSwap(0, writing+1) {
		return 0, false
	}
	change := int32(-writing - 1)
	defer func() { r.wrote(at, change) }()
	if device.TryCopy(r.region(at, at+1).View, v) != nil {
		return 0, false
	}
	change = -writing
	return at, true
}

// wrote ends the writing of a place.
func (r *ring) wrote(at int, change int32) {
	if r.places[at].Add(change)&barred != 0 {
		r.writers.letGo()
	}
}

// region returns the vectors in [low, high) as columns.
func (r *ring) region(low, high int) device.Region {
	v := device.Region{
		Buffer: r.buffer,
		View:   tensor.Part(r.buffer.Pointer(), r.buffer.Len(), r.dtype, tensor.Dims{1, high - low, r.length}, low*r.length),
	}
	v.View.Transpose()
	return v
}

// use makes the caller a user of [low, high); false if one of them is being
// written.
func (r *ring) use(low, high int) bool {
	for i := low; i < high; i++ {
		if r.places[i].Add(1)&writing != 0 {
			r.leave(low, i+1)
			return false
		}
	}
	return true
}

// leave gives up the use.
func (r *ring) leave(low, high int) {
	for i := low; i < high; i++ {
		r.places[i].Add(-1)
	}
}

// shut lets nobody in any more if there is nobody.
func (r *ring) shut() bool {
	for i := range r.places {
		if !r.places[i].CompareAndSwap(0, barred) {
			for ; i > 0; i-- {
				r.places[i-1].Add(-barred)
			}
			return false
		}
	}
	return true
}

func (r *ring) free() {
	r.buffer.Free()
	r.pinned.Add(-int64(r.buffer.Len()))
}
