//go:build linux && (amd64 || arm64)

package cuda

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

// Memory that is kept for others goes back to the driver before there is too
// little.
func TestSpareMemoryIsGivenBack(t *testing.T) {
	const room = 1 << 20
	for _, space := range []device.Space{device.SpaceDevice, device.SpaceHost, device.SpaceShared} {
		d, libraries := simulated(t, room)
		var all []device.Buffer
		for size := 4096; size <= room/4; size *= 2 {
			b, err := d.Alloc(space, size)
			require.NoError(t, err, space)
			all = append(all, b)
		}
		for _, b := range all {
			b.Free()
		}
		gpu, pinned := libraries.InUse()
		require.Greater(t, gpu+pinned, room/4, "some is kept: %v", space)
		b, err := d.Alloc(space, room)
		require.NoError(t, err, space)
		_, err = d.Alloc(space, 256)
		require.ErrorIs(t, err, device.ErrOutOfMemory, space)
		b.Free()
		require.NoError(t, d.Close())
		gpu, pinned = libraries.InUse()
		require.Zero(t, gpu+pinned, space)
	}
}

// Who finds no memory while somebody else gives some back waits for that.
func TestSpareMemoryIsOnItsWay(t *testing.T) {
	const room = 1 << 20
	d, libraries := simulated(t, room)
	kept, err := d.Alloc(device.SpaceDevice, room)
	require.NoError(t, err)
	kept.Free()
	freeing, failed := make(chan struct{}), make(chan struct{})
	late := libraries.Calls("cuMemAlloc_v2") + 2
	libraries.On = func(function string, nth int) uintptr {
		switch {
		case function == "cuMemFree_v2" && nth == 1:
			close(freeing)
			<-failed
		case function == "cuMemAlloc_v2" && nth == late:
			close(failed)
			return 2 // out of memory
		}
		return 0
	}
	first := make(chan error)
	go func() {
		_, err := d.Alloc(device.SpaceDevice, room/2)
		first <- err
	}()
	<-freeing
	_, err = d.Alloc(device.SpaceDevice, room/4)
	require.NoError(t, err)
	require.NoError(t, <-first)
	libraries.On = nil
	require.NoError(t, d.Close())
}

// A device that is closed while memory is given back keeps the GPU until that has
// ended, and calls the driver for nothing after it.
func TestCloseWhileMemoryIsGivenBack(t *testing.T) {
	const room = 1 << 20
	d, libraries := simulated(t, room)
	kept, err := d.Alloc(device.SpaceDevice, room)
	require.NoError(t, err)
	kept.Free()
	freeing, goOn := make(chan struct{}), make(chan struct{})
	libraries.On = func(function string, _ int) uintptr {
		if function == "cuMemFree_v2" {
			close(freeing)
			<-goOn
		}
		return 0
	}
	failed := make(chan error)
	go func() {
		_, err := d.Alloc(device.SpaceDevice, room/2)
		failed <- err
	}()
	<-freeing
	allocations := libraries.Calls("cuMemAlloc_v2")
	require.NoError(t, d.Close())
	early := libraries.Calls("cuDevicePrimaryCtxRelease_v2")
	close(goOn)
	require.ErrorIs(t, <-failed, device.ErrClosed)
	require.Zero(t, early, "the GPU was given back before its memory")
	require.Equal(t, 1, libraries.Calls("cuDevicePrimaryCtxRelease_v2"))
	require.Equal(t, allocations, libraries.Calls("cuMemAlloc_v2"))
}
