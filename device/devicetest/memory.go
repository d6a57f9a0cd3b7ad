package devicetest

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

var spaces = []device.Space{device.SpaceHost, device.SpaceDevice, device.SpaceShared}

const alignment = 64 // of every buffer that the host can address

func testAlloc(t *testing.T, b *bench) {
	for _, space := range spaces {
		for _, size := range []int{0, 1, 3, 64, 4096, 1<<20 - 1, 1 << 20, 1<<21 + 1} {
			buffer, err := b.device.Alloc(space, size)
			require.NoError(t, err, "%d bytes of %v", size, space)
			require.Equal(t, space, buffer.Space())
			require.GreaterOrEqual(t, buffer.Len(), max(1, size))
			if p := buffer.Pointer(); p != nil {
				require.Zero(t, uintptr(p)%alignment, "%d bytes of %v", size, space)
				memory := unsafe.Slice((*byte)(p), buffer.Len())
				memory[0], memory[len(memory)-1] = 1, 2
				require.EqualValues(t, 2, memory[len(memory)-1])
			} else {
				require.Equal(t, device.SpaceDevice, space, "only device memory may be out of the host's reach")
			}
			buffer.Free()
			buffer.Free() // harmless
		}
	}
	_, err := b.device.Alloc(device.SpaceShared, -1)
	require.Error(t, err)
}

func testOutOfMemory(t *testing.T, b *bench) {
	for _, space := range spaces {
		for _, size := range []int{1 << 55, math.MaxInt - 4096, math.MaxInt} {
			_, err := b.device.Alloc(space, size)
			require.ErrorIs(t, err, device.ErrOutOfMemory, "%d bytes of %v", size, space)
		}
		b.alloc(t, space, 4096) // and life goes on
	}
}
