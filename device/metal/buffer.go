//go:build darwin || linux

package metal

import (
	"sync"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
)

// buffer is a device.Buffer.
type buffer struct {
	memory *memory
	space  device.Space
	length int
	part   part
	free   sync.Once
}

func (b *buffer) Space() device.Space { return b.space }
func (b *buffer) Len() int            { return b.length }

// Pointer returns nil for device.SpaceDevice, though the memory is shared.
func (b *buffer) Pointer() unsafe.Pointer {
	if b.space == device.SpaceDevice {
		return nil
	}
	return b.part.memory
}

// Free gives the memory back. It may be called many times, from any goroutine.
func (b *buffer) Free() {
	b.free.Do(func() { b.memory.give(b.part) })
}
