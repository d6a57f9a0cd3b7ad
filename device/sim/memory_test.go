package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

func TestAllocLimit(t *testing.T) {
	d := Open(Config{AllocLimit: 100})
	a, err := d.Alloc(device.SpaceShared, 60)
	require.NoError(t, err)
	require.Equal(t, 60, a.Len())
	require.Zero(t, uintptr(a.Pointer())%align)

	_, err = d.Alloc(device.SpaceShared, 41)
	require.ErrorIs(t, err, device.ErrOutOfMemory)
	b, err := d.Alloc(device.SpaceHost, 40)
	require.NoError(t, err)
	require.EqualValues(t, 100, d.BytesInUse())

	a.Free()
	a.Free()
	require.EqualValues(t, 40, d.BytesInUse())
	b.Free()
	require.Zero(t, d.BytesInUse())
}

func TestAllocIsAtLeastAByte(t *testing.T) {
	d := Open(Config{})
	b, err := d.Alloc(device.SpaceShared, 0)
	require.NoError(t, err)
	require.Equal(t, 1, b.Len())
	_, err = d.Alloc(device.SpaceShared, -1)
	require.Error(t, err)
	_, err = d.Alloc(device.SpaceShared, int(^uint(0)>>1))
	require.ErrorIs(t, err, device.ErrOutOfMemory)
}

func TestDiscreteDeviceMemoryIsHidden(t *testing.T) {
	d := Open(Config{Discrete: true})
	for space, visible := range map[device.Space]bool{device.SpaceHost: true, device.SpaceShared: true, device.SpaceDevice: false} {
		b, err := d.Alloc(space, 8)
		require.NoError(t, err)
		require.Equal(t, visible, b.Pointer() != nil, "%v", space)
		require.Equal(t, space, b.Space())
	}
}
