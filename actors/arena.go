package actors

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// arena is memory of one batch. There is one for staging, where activations are
// gathered side by side and results lie before they are committed, and one for
// what kernels hand on to each other. It keeps its memory from batch to batch.
type arena struct {
	device  device.Device
	space   device.Space
	relieve func()          // gives back memory that nobody uses
	chunk   device.Buffer   // in use, nil before the first
	used    int             // bytes of it
	keep    int             // bytes that stay after the batch, if more than arenaKeep
	usual   int             // resets for which more is not out of the ordinary
	full    []device.Buffer // outgrown by the batch
}

const (
	arenaAlign = 64 // a cache line, and enough for every vector load
	arenaFirst = 16 << 10
	arenaKeep  = 64 << 20 // larger ones are given back after the batch,
	arenaUsual = 64       // unless another was as large this many resets ago or less,
	arenaLarge = 1 << 30  // and they are no larger than this
	arenaMost  = 1 << 50  // far more than any device has, far from overflow
)

// alloc returns a compact region. Its contents are whatever
// was there before.
func (a *arena) alloc(dt tensor.DType, dims tensor.Dims) (r device.Region, err error) {
	if float64(dims[0])*float64(dims[1])*float64(dims[2]) > arenaMost {
		return r, fmt.Errorf("actors: stage %v elements of %v: %w", dims, dt, device.ErrOutOfMemory)
	}
	size := dims[0] * dims[1] * dims[2] * dt.Size()
	if err := a.reserve(size); err != nil {
		return r, err
	}
	r.Buffer = a.chunk
	r.View = tensor.Part(a.chunk.Pointer(), a.chunk.Len(), dt, dims, a.used/dt.Size())
	a.used += (size + arenaAlign - 1) &^ (arenaAlign - 1)
	return r, nil
}

// reserve makes sure that the next allocations, of size bytes in all with
// their alignment, lie in one buffer.
func (a *arena) reserve(size int) error {
	if a.chunk == nil || a.used+size > a.chunk.Len() {
		return a.grow(size)
	}
	return nil
}

func (a *arena) grow(size int) error {
	next := arenaFirst
	if a.chunk != nil {
		next = 2 * a.chunk.Len()
	}
	for next < size {
		next *= 2
	}
	buf, err := a.device.Alloc(a.space, next)
	if err != nil { // what idle batches keep, or the last of the memory, may be enough
		a.relieve()
		buf, err = a.device.Alloc(a.space, max(size, 1))
	}
	if err != nil {
		return err
	}
	if a.chunk != nil {
		a.full = append(a.full, a.chunk)
	}
	a.chunk, a.used = buf, 0
	return nil
}

// reset makes the memory free for the next batch and keeps the last chunk,
// which is the largest unless memory ran out.
func (a *arena) reset() {
	stays := a.stays()
	a.used = 0
	if len(a.full) > 0 {
		a.freeFull()
	}
	if !stays {
		a.free()
	}
}

// stays reports whether the chunk is worth keeping: a small one always, and one
// that is large but not for the first time of late, since pinned memory takes far
// longer to get than to use.
func (a *arena) stays() bool {
	limit := max(arenaKeep, a.keep)
	needed := a.used
	for _, c := range a.full {
		needed += c.Len()
	}
	usual := a.usual > 0
	if needed > limit {
		a.usual = arenaUsual
	} else if usual {
		a.usual--
	}
	return a.chunk == nil || a.chunk.Len() <= limit || usual && a.chunk.Len() <= arenaLarge
}

func (a *arena) freeFull() {
	for _, c := range a.full {
		c.Free()
	}
	clear(a.full)
	a.full = a.full[:0]
}

// move gives up all memory for that of another device.
func (a *arena) move(d device.Device) {
	a.free()
	a.device = d
}

func (a *arena) free() {
	a.freeFull()
	if a.chunk != nil {
		a.chunk.Free()
		a.chunk, a.used = nil, 0
	}
}
