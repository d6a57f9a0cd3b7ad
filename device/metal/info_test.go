//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpeedOf(t *testing.T) {
	s, guess := speedOf("Apple M2 Max", false)
	require.Equal(t, speeds["Apple M2 Max"], s)
	require.Contains(t, guess, "guess")
	s, guess = speedOf("Apple M99", false)
	require.Equal(t, unknownSpeed, s)
	require.Contains(t, guess, "not known")
	s, _ = speedOf("Apple M2 Max", true)
	require.Equal(t, simulatedSpeed, s)
	for name, s := range speeds {
		require.GreaterOrEqual(t, s.bandwidth, unknownSpeed.bandwidth, name)
		require.GreaterOrEqual(t, s.flops, unknownSpeed.flops, name)
	}
}
