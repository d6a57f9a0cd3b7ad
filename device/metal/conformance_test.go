//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
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
