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
