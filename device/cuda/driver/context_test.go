//go:build linux && (amd64 || arm64)

package driver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/cuda/driver/drivertest"
)

// The last who holds a context gives it back; nobody gets it after that.
func TestContextIsHeld(t *testing.T) {
	libraries := drivertest.New()
	api, _, _ := Simulated(drivertest.Address)
	c, err := api.Open(0)
	require.NoError(t, err)
	require.True(t, c.Hold())
	require.NoError(t, c.Release())
	require.Zero(t, libraries.Calls("cuDevicePrimaryCtxRelease_v2"))
	require.True(t, c.Hold())
	require.NoError(t, c.Release())
	require.NoError(t, c.Release())
	require.Equal(t, 1, libraries.Calls("cuDevicePrimaryCtxRelease_v2"))
	require.False(t, c.Hold())
}
