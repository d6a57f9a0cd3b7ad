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
	all    []atomic.Int32 // of each the number of its users, writing and barred
	_      line
	next   atomic.Uint32
	_      line
}

// The users of a place are the job whose vector lies there and the batches that
// read it, be it only for lying between two of theirs. While it has some nobody
// else may write it.
const (
	writing = 1 << 29 // whoever took it has not written its vector yet
	barred  = 1 << 30 // nobody may take it
)

// suits reports whether the vector of a job can lie there: one that shares its
// operand with others and needs nothing else of its own.
func (b *ring) suits(t *Task) bool {
	p := &t.Plan.Problem
	return t.Units == 1 && t.Memory[OperandB] == nil && p.B == b.dtype && p.Shape.K == b.length &&
		!p.Bias && !t.Form.ReadsC() && t.Plan.SharesColumns()
}

// put copies a vector to the next place; false if that is not free, or the
// vector cannot be read, which is left for the device to say.
func (b *ring) put(v tensor.View) (at int, ok bool) {
	at = int(b.next.Add(1)-1) % len(b.all)
	if !b.all[at].CompareAndSwap(0, writing+1) {
		return 0, false
	}
	change := int32(-writing - 1)
	defer func() { b.all[at].Add(change) }()
	if device.TryCopy(b.region(at, at+1).View, v) != nil {
		return 0, false
	}
	change = -writing
	return at, true
}

// region returns the vectors in [low, high) as columns.
func (b *ring) region(low, high int) device.Region {
	r := device.Region{
		Buffer: b.buffer,
		View:   tensor.Part(b.buffer.Pointer(), b.buffer.Len(), b.dtype, tensor.Dims{1, high - low, b.length}, low*b.length),
	}
	r.View.Transpose()
	return r
}

// use makes the caller a user of [low, high); false if one of them is being
// written.
func (b *ring) use(low, high int) bool {
	for i := low; i < high; i++ {
		if b.all[i].Add(1)&writing != 0 {
			b.leave(low, i+1)
			return false
		}
	}
	return true
}

// leave gives up the use.
func (b *ring) leave(low, high int) {
	for i := low; i < high; i++ {
		b.all[i].Add(-1)
	}
}

func (b *ring) free() {
	b.buffer.Free()
	b.pinned.Add(-int64(b.buffer.Len()))
}
