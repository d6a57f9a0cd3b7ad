package ab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOrder: half of the coins, and half of those after either side, are B;
// the same seed throws the same again.
func TestOrder(t *testing.T) {
	const throws = 4000
	o, again := newOrder(5), newOrder(5)
	counts := [2][2]int{}
	last := A
	for range throws {
		side := o.next()
		require.Equal(t, side, again.next())
		counts[last][side]++
		last = side
	}
	for _, after := range counts {
		for _, n := range after {
			require.InDelta(t, throws/4, n, 130) // 4 or more standard deviations
		}
	}
	require.NotEqual(t, newOrder(6).coin.Uint64(), newOrder(5).coin.Uint64())
}
