package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
)

// TestConformanceOfTheGPU runs the suite on the GPU of this Mac.
func TestConformanceOfTheGPU(t *testing.T) {
	if _, err := Open(Config{}); err != nil {
		t.Skipf("NOT TESTED: Metal itself: %v; run it on a Mac with a GPU", err)
	}
	devicetest.Suite{
		FlushesSubnormals: true, // the language leaves it to the GPU
		Open: func(t testing.TB) device.Device {
			d, err := Open(Config{})
			require.NoError(t, err)
			return d
		},
	}.Run(t)
}
