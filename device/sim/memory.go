package sim

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
)

// align is the alignment of every buffer in bytes: a cache line.
const align = 64

// Alloc returns host memory, zeroed and aligned to 64 bytes, whatever the
// space. It wraps device.ErrOutOfMemory beyond Config.AllocLimit.
func (d *Device) Alloc(space device.Space, bytes int) (device.Buffer, error) {
	if bytes < 0 {
		return nil, fmt.Errorf("sim: alloc of %d bytes", bytes)
	}
	bytes = max(bytes, 1)
	if err := d.reserve(int64(bytes)); err != nil {
		return nil, err
	}
	memory := make([]byte, bytes+align)
	skip := -uintptr(unsafe.Pointer(&memory[0])) % align
	return &buffer{device: d, space: space, memory: memory[skip:][:bytes:bytes]}, nil
}

func (d *Device) reserve(bytes int64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fmt.Errorf("sim: alloc: %w", device.ErrClosed)
	}
	if d.lost.Load() {
		return fmt.Errorf("sim: alloc: %w", device.ErrLost)
	}
	if bytes > d.config.AllocLimit-d.inUse {
		return fmt.Errorf("sim: alloc of %d bytes with %d of %d in use: %w", bytes, d.inUse, d.config.AllocLimit, device.ErrOutOfMemory)
	}
	d.inUse += bytes
	return nil
}

type buffer struct {
	device *Device
	space  device.Space
	memory []byte
	free   sync.Once
}

func (b *buffer) Space() device.Space { return b.space }
func (b *buffer) Len() int            { return len(b.memory) }

// Pointer returns nil for device memory of a discrete device, though the
// simulated kernels can address it.
func (b *buffer) Pointer() unsafe.Pointer {
	if b.space == device.SpaceDevice && b.device.config.Discrete {
		return nil
	}
	return unsafe.Pointer(unsafe.SliceData(b.memory))
}

// Free gives the bytes back to the limit.
func (b *buffer) Free() {
	b.free.Do(func() {
		b.device.mu.Lock()
		defer b.device.mu.Unlock()
		b.device.inUse -= int64(len(b.memory))
	})
}
