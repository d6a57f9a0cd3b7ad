//go:build darwin || linux

package metal

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
)

func TestOpenWithoutLibraries(t *testing.T) {
	_, err := Open(Config{Libraries: mtl.One("/nonexistent/libmetal.so")})
	require.ErrorIs(t, err, device.ErrUnavailable)
	require.ErrorContains(t, err, "/nonexistent/libmetal.so")
}

// A Metal that cannot give what every device needs is not available, and
// nothing of what it gave is left.
func TestOpenFails(t *testing.T) {
	for want, points := range map[string][]metalsim.Point{
		"Metal finds no device": {metalsim.NoDevice, metalsim.NoDevices},
		"compile":               {metalsim.NoLibrary},
		"pipeline copy":         {metalsim.NoPipeline},
	} {
		t.Run(want, func(t *testing.T) {
			s := simulator(t)
			for _, p := range points {
				s.Fail(p, metalsim.Always)
			}
			d, err := Open(config(s))
			require.Nil(t, d)
			require.ErrorIs(t, err, device.ErrUnavailable)
			require.ErrorContains(t, err, want)
		})
	}
}

// Residency sets are a matter of speed: without them the device works.
func TestOpenWithoutResidencySet(t *testing.T) {
	s := simulator(t)
	s.Fail(metalsim.NoResidencySet, metalsim.Always)
	d, err := open(config(s))
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	require.Contains(t, strings.Join(d.Info().Notes, "; "), "memory is not kept ready for the GPU: mtl: residency set")
	b, err := d.Alloc(device.SpaceShared, 2*mappedSize)
	require.NoError(t, err)
	b.Free()
}

func TestInfo(t *testing.T) {
	for name, c := range map[string]struct {
		change        func(*metalsim.Machine)
		matrix, redux bool
		note          string
	}{
		"M3":          {nil, true, true, "families: Apple7, Apple8, Apple9, Mac2, Metal3"},
		"M1":          {func(m *metalsim.Machine) { m.AppleFamily = 7 }, true, true, "families: Apple7, Mac2, Metal3"},
		"before M1":   {func(m *metalsim.Machine) { m.AppleFamily = 6 }, false, true, "families: Mac2"},
		"older macOS": {func(m *metalsim.Machine) { m.MacOS = 13 }, true, true, "simulated: results only, no speed"},
	} {
		t.Run(name, func(t *testing.T) {
			info := openSimulated(t, c.change).device.Info()
			require.Equal(t, "metal", info.Backend)
			require.Equal(t, c.matrix, info.Caps.SIMDMatrix)
			require.Equal(t, c.redux, info.Caps.SIMDReduction)
			require.Equal(t, 32, info.Caps.SIMDWidth)
			require.True(t, info.Caps.Vendor)
			require.False(t, info.HostMemory)
			require.EqualValues(t, metalsim.DefaultMachine().Memory, info.Memory)
			require.Contains(t, info.Notes, c.note)
		})
	}
}

func TestClosedDevice(t *testing.T) {
	s := simulator(t)
	d, err := open(config(s))
	require.NoError(t, err)
	require.NoError(t, d.Close())
	require.NoError(t, d.Close(), "a second time")
	_, err = d.Alloc(device.SpaceShared, 1)
	require.ErrorIs(t, err, device.ErrClosed)
	_, err = d.Compile(gemv)
	require.ErrorIs(t, err, device.ErrClosed)
	_, err = d.NewQueue()
	require.ErrorIs(t, err, device.ErrClosed)
}
