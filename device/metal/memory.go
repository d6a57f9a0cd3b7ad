//go:build darwin || linux

package metal

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
)

// mappedSize is the size from which buffers are pages of their own, which go
// back to the system when they are freed. Smaller ones are kept for the next.
const mappedSize = 1 << 20

// Alloc returns memory in shared storage, aligned to 64 bytes, from 1 MiB on to
// pages; it is not always zeroed. The host does not address memory of
// device.SpaceDevice. 0 bytes are taken as 1. Alloc wraps
// device.ErrOutOfMemory when Metal has no more, or when the device would hold
// more than the GPU works with well.
func (d *Device) Alloc(space device.Space, bytes int) (device.Buffer, error) {
	if err := d.usable("alloc"); err != nil {
		return nil, err
	}
	if bytes < 0 {
		return nil, fmt.Errorf("metal: alloc of %d bytes", bytes)
	}
	part, err := d.memory.take(max(bytes, 1))
	if err != nil {
		return nil, fmt.Errorf("metal: alloc of %d bytes: %w", bytes, err)
	}
	return &buffer{memory: d.memory, space: space, length: max(bytes, 1), part: part}, nil
}

// memory is what a device has allocated. Its methods may be called from any
// goroutine.
type memory struct {
	gpu         *mtl.Device
	limit, most int64 // of all buffers and of one, in bytes; 0 for none
	used        atomic.Int64

	mu       sync.Mutex
	spare    [classes][]part // free buffers below mappedSize, by size
	resident *mtl.ResidencySet
	closed   bool
}

func newMemory(gpu *mtl.Device) *memory {
	return &memory{gpu: gpu, limit: int64(gpu.MaxWorkingSet), most: int64(gpu.MaxBuffer)}
}

// part is a buffer of Metal's and what is under it.
type part struct {
	metal  mtl.Buffer
	memory unsafe.Pointer // for the processor
	size   int            // in bytes, as accounted for
	pages  mapping        // of its own, if it is large
}

func (m *memory) take(bytes int) (part, error) {
	if bytes < mappedSize {
		return m.takeSmall(bytes)
	}
	if bytes > math.MaxInt-mtl.PageSize {
		return part{}, fmt.Errorf("no machine has as much: %w", device.ErrOutOfMemory)
	}
	return m.takePages(bytes)
}

// takePages maps pages of their own for a buffer.
func (m *memory) takePages(bytes int) (part, error) {
	size := (bytes + mtl.PageSize - 1) / mtl.PageSize * mtl.PageSize
	if err := m.reserve(int64(size)); err != nil {
		return part{}, err
	}
	p, err := m.mapPages(size)
	if err != nil {
		m.used.Add(-int64(size))
		return part{}, fmt.Errorf("%w: %w", device.ErrOutOfMemory, err)
	}
	return p, nil
}

func (m *memory) mapPages(size int) (part, error) {
	pages, err := newMapping(size)
	if err != nil {
		return part{}, err
	}
	b, err := m.gpu.NewBufferNoCopy(pages.memory)
	if err != nil {
		pages.free()
		return part{}, err
	}
	m.keep(b, true)
	return part{b, unsafe.Pointer(unsafe.SliceData(pages.memory)), size, pages}, nil
}

// give takes a part back that nothing uses any more.
func (m *memory) give(p part) {
	if p.pages.memory == nil {
		m.giveSmall(p)
		return
	}
	m.used.Add(-int64(p.size))
	m.keep(p.metal, false)
	p.metal.Release()
	p.pages.free()
}

// reserve keeps the sum of all buffers within the limit.
func (m *memory) reserve(bytes int64) error {
	if m.most > 0 && bytes > m.most {
		return fmt.Errorf("a buffer has at most %d: %w", m.most, device.ErrOutOfMemory)
	}
	for {
		used := m.used.Load()
		if m.limit > 0 && bytes > m.limit-used {
			return fmt.Errorf("%d of %d are in use: %w", used, m.limit, device.ErrOutOfMemory)
		}
		if m.used.CompareAndSwap(used, used+bytes) {
			return nil
		}
	}
}
