package cpu

import (
	"os"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

func TestLargeBuffersArePageAligned(t *testing.T) {
	d := open(t, 1)
	defer d.Close()
	for _, size := range []int{mapped, mapped + 1, 5 << 20} {
		b, err := d.Alloc(device.SpaceDevice, size)
		require.NoError(t, err)
		require.Zero(t, uintptr(b.Pointer())%uintptr(os.Getpagesize()))
		for _, x := range unsafe.Slice((*byte)(b.Pointer()), size) {
			if x != 0 {
				require.Zero(t, x)
			}
		}
		b.Free()
	}
}

func TestMemoryIsAccountedFor(t *testing.T) {
	d := open(t, 1)
	defer d.Close()
	d.memory.limit = 3 << 20
	large, err := d.Alloc(device.SpaceShared, 2<<20)
	require.NoError(t, err)
	small, err := d.Alloc(device.SpaceHost, 1000)
	require.NoError(t, err)
	_, err = d.Alloc(device.SpaceShared, 1<<20)
	require.ErrorIs(t, err, device.ErrOutOfMemory)
	large.Free()
	large.Free()
	again, err := d.Alloc(device.SpaceShared, 1<<20)
	require.NoError(t, err)
	again.Free()
	small.Free()
	require.Zero(t, d.memory.used.Load())
}
