package cpu

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
)

const (
	cacheLine = 64
	// mapped is the size from which memory comes from the system: aligned to
	// pages, in huge pages where there are any.
	mapped = 1 << 20
)

// Alloc returns zeroed memory; every space is the host's own memory. It is
// aligned to 64 bytes, from 1 MiB on to pages. 0 bytes are taken as 1. Alloc
// wraps device.ErrOutOfMemory when the device would hold more than the
// machine has.
func (d *Device) Alloc(space device.Space, bytes int) (device.Buffer, error) {
	if d.closed.Load() {
		return nil, fmt.Errorf("cpu: alloc: %w", device.ErrClosed)
	}
	if bytes < 0 {
		return nil, fmt.Errorf("cpu: alloc of %d bytes", bytes)
	}
	bytes = max(bytes, 1)
	if err := d.memory.reserve(int64(bytes)); err != nil {
		return nil, err
	}
	b := &buffer{space: space, device: d, length: bytes}
	if bytes < mapped {
		b.bytes = alignedBytes(bytes)
		return b, nil
	}
	var err error
	if b.bytes, err = mapMemory(bytes); err != nil {
		d.memory.release(int64(bytes))
		return nil, fmt.Errorf("cpu: alloc of %d bytes: %w: %w", bytes, device.ErrOutOfMemory, err)
	}
	return b, nil
}

func alignedBytes(n int) []byte {
	memory := make([]byte, n+cacheLine)
	skip := -uintptr(unsafe.Pointer(&memory[0])) % cacheLine
	return memory[skip:][:n:n]
}

// accountant keeps the sum of all buffers within a limit; 0 means no limit.
type accountant struct {
	limit int64
	used  atomic.Int64
}

func (a *accountant) reserve(bytes int64) error {
	for {
		used := a.used.Load()
		if a.limit > 0 && bytes > a.limit-used {
			return fmt.Errorf("cpu: alloc of %d bytes with %d of %d in use: %w", bytes, used, a.limit, device.ErrOutOfMemory)
		}
		if a.used.CompareAndSwap(used, used+bytes) {
			return nil
		}
	}
}

func (a *accountant) release(bytes int64) { a.used.Add(-bytes) }

type buffer struct {
	space  device.Space
	device *Device
	length int
	bytes  []byte
	free   sync.Once

	prepared *prepared // the matrix that was prepared, if any
}

func (b *buffer) Space() device.Space { return b.space }
func (b *buffer) Len() int            { return b.length }

// Pointer returns the host address in every space.
func (b *buffer) Pointer() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b.bytes)) }

// Free gives the memory back. It may be called many times, from any goroutine.
func (b *buffer) Free() {
	b.free.Do(func() {
		if b.length >= mapped {
			unmapMemory(b.bytes)
		}
		b.bytes = nil
		b.device.memory.release(int64(b.length))
		if b.prepared != nil {
			b.prepared.free()
		}
	})
}
