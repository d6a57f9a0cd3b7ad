package actors

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// arena is the staging memory of one batch: activations gathered side by side
// and results before they are committed. It keeps its memory from batch to
// batch.
type arena struct {
	device device.Device
	chunks []device.Buffer // the last one is in use
	used   int             // bytes of the last chunk
}

const (
	arenaAlign = 64 // a cache line, and enough for every vector load
	arenaFirst = 16 << 10
	arenaKeep  = 64 << 20 // larger ones are given back after the batch
)

// alloc returns a compact region of shared memory. Its contents are whatever
// was there before.
func (a *arena) alloc(dt tensor.DType, dims tensor.Dims) (device.Region, error) {
	size := dims[0] * dims[1] * dims[2] * dt.Size()
	if len(a.chunks) == 0 || a.used+size > a.chunks[len(a.chunks)-1].Len() {
		if err := a.grow(size); err != nil {
			return device.Region{}, err
		}
	}
	r := device.In(a.chunks[len(a.chunks)-1], dt, dims, a.used/dt.Size())
	a.used += (size + arenaAlign - 1) &^ (arenaAlign - 1)
	return r, r.View.Err()
}

func (a *arena) grow(size int) error {
	next := arenaFirst
	if n := len(a.chunks); n > 0 {
		next = 2 * a.chunks[n-1].Len()
	}
	for next < size {
		next *= 2
	}
	buf, err := a.device.Alloc(device.SpaceShared, next)
	if err != nil && next > size { // the last of the memory may still be enough
		buf, err = a.device.Alloc(device.SpaceShared, max(size, 1))
	}
	if err != nil {
		return err
	}
	a.chunks, a.used = append(a.chunks, buf), 0
	return nil
}

// reset makes the memory free for the next batch and keeps the largest chunk.
func (a *arena) reset() {
	a.used = 0
	n := len(a.chunks)
	if n == 0 {
		return
	}
	keep := a.chunks[n-1]
	for _, c := range a.chunks[:n-1] {
		c.Free()
	}
	a.chunks = append(a.chunks[:0], keep)
	if keep.Len() > arenaKeep {
		a.free()
	}
}

func (a *arena) free() {
	for _, c := range a.chunks {
		c.Free()
	}
	a.chunks, a.used = a.chunks[:0], 0
}
