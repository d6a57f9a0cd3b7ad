//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
)

// Alloc returns memory: of the GPU, pinned memory of the host, or for
// device.SpaceShared both, which twins. It is aligned to 256 bytes and not
// zeroed. 0 bytes are taken as 1. Alloc wraps device.ErrOutOfMemory.
func (d *Device) Alloc(space device.Space, bytes int) (device.Buffer, error) {
	if err := d.usable("alloc"); err != nil {
		return nil, err
	}
	if bytes < 0 {
		return nil, fmt.Errorf("cuda: alloc of %d bytes", bytes)
	}
	b, err := d.alloc(space, max(bytes, 1))
	if err != nil {
		return nil, fmt.Errorf("cuda: alloc of %d bytes: %w", bytes, d.explain(err))
	}
	return b, nil
}

func (d *Device) alloc(space device.Space, bytes int) (*buffer, error) {
	b := &buffer{memory: d.memory, space: space, length: bytes}
	var err error
	if space != device.SpaceHost {
		if b.gpu, err = d.memory.take(onGPU, bytes); err != nil {
			return nil, err
		}
	}
	if space != device.SpaceDevice {
		if b.host, err = d.memory.take(onHost, bytes); err != nil {
			d.memory.give(onGPU, b.gpu)
			return nil, err
		}
	}
	return b, nil
}

// buffer is a device.Buffer.
type buffer struct {
	memory    *memory
	space     device.Space
	length    int
	gpu, host block // none of either: size 0
	free      sync.Once
}

func (b *buffer) Space() device.Space { return b.space }
func (b *buffer) Len() int            { return b.length }

// Pointer returns nil for device.SpaceDevice.
func (b *buffer) Pointer() unsafe.Pointer { return b.host.host }

// Free gives the memory back. It may be called many times, from any goroutine.
func (b *buffer) Free() {
	b.free.Do(func() {
		b.memory.give(onGPU, b.gpu)
		b.memory.give(onHost, b.host)
	})
}

// address is what kernels know the buffer by. Pinned memory has the same
// address for them as for the host.
func (b *buffer) address() uint64 {
	if b.gpu.size == 0 {
		return uint64(uintptr(b.host.host))
	}
	return uint64(b.gpu.gpu)
}

// twins says that host and GPU have a copy each.
func (b *buffer) twins() bool { return b.gpu.size > 0 && b.host.size > 0 }
