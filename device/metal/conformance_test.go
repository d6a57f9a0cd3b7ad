//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// TestConformance runs the suite of all devices on the simulated Metal.
func TestConformance(t *testing.T) {
	s := simulator(t)
	devicetest.Exercise(t, func(t testing.TB) device.Device {
		d, err := Open(config(s))
		require.NoError(t, err)
		return d
	})
}

// TestConformanceElsewhere runs the suite as on an M1 with an older macOS, with
// threads in another order. The shaders are the same, so a few are enough.
func TestConformanceElsewhere(t *testing.T) {
	s := simulator(t)
	m := metalsim.DefaultMachine()
	m.AppleFamily, m.MacOS = 7, 13
	s.SetMachine(m)
	s.SetSchedule(metalsim.Random(1))
	devicetest.Suite{
		Open: func(t testing.TB) device.Device {
			d, err := Open(config(s))
			require.NoError(t, err)
			return d
		},
		Catalog: kernels.Catalog{*kernels.Default.Find("matmul_mlx"), *kernels.Default.Find("matmul_mps"), *kernels.Default.Find("softmax_vec")},
	}.Run(t)
}
