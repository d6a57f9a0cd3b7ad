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
	large   int             // bytes that the last of its large batches needed, 0 if none did of late
	recent  bool            // one did since forget
	full    []device.Buffer // outgrown by the batch
}

const (
	arenaAlign = 64 // a cache line, and enough for every vector load
	arenaFirst = 16 << 10
	arenaKeep  = 64 << 20 // larger ones are given back after the batch, unless they are usual,
	arenaLarge = 1 << 30  // and the spare batches have no more of them than this
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
// that another batch not long ago needed half of, since pinned memory takes far
// longer to get than to use.
func (a *arena) stays() bool {
	limit := max(arenaKeep, a.keep)
	needed := a.used
	for _, c := range a.full {
		needed += c.Len()
	}
	usual := 2 * a.large
	if needed > limit {
		a.large, a.recent = needed, true
	}
	return a.chunk == nil || a.chunk.Len() <= max(limit, usual)
}

// forget gives back a large chunk that no batch has needed since it was called
// before.
func (a *arena) forget() {
	if a.recent {
		a.recent = false
		return
	}
	a.large = 0
	if a.excess() > 0 {
		a.free()
	}
}

// excess returns the bytes of a chunk that is kept for being usual.
func (a *arena) excess() int {
	if a.chunk == nil || a.chunk.Len() <= max(arenaKeep, a.keep) {
		return 0
	}
	return a.chunk.Len()
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
