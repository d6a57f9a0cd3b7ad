package devicetest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func testInfo(t *testing.T, b *bench) {
	info := b.device.Info()
	require.NotEmpty(t, info.Backend)
	require.NotEmpty(t, info.Name)
	require.GreaterOrEqual(t, info.Threads, 1)
	require.GreaterOrEqual(t, info.QueueDepth, 1)
	require.GreaterOrEqual(t, info.Caps.SIMDWidth, 1)
	require.GreaterOrEqual(t, info.Caps.MaxThreadgroup, info.Caps.SIMDWidth)
	require.Positive(t, info.Bandwidth)
	require.Positive(t, info.Flops)
	require.GreaterOrEqual(t, info.Launch.Nanoseconds(), int64(0))
	if !info.Caps.Vendor {
		require.NotEmpty(t, info.Caps.VendorHelp, "say how to get the vendor library")
	}
}
