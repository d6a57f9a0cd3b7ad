//go:build linux && (amd64 || arm64)

package cuda

import (
	"sync"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
)

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
