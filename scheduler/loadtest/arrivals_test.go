package loadtest

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEvenArrivals(t *testing.T) {
	a := Even(Constant(1000))
	for i := range 100 {
		require.Equal(t, time.Duration(i)*time.Millisecond, a.Next().Round(time.Microsecond))
	}
}

func TestPoissonArrivals(t *testing.T) {
	const n, rate = 200_000, 1000.0
	a, same, other := Poisson(Constant(rate), 7), Poisson(Constant(rate), 7), Poisson(Constant(rate), 8)
	var last time.Duration
	var sum, squares float64
	differ := false
	for range n {
		at := a.Next()
		require.Equal(t, at, same.Next())
		differ = differ || at != other.Next()
		gap := (at - last).Seconds()
		require.GreaterOrEqual(t, gap, 0.0)
		sum, squares, last = sum+gap, squares+gap*gap, at
	}
	require.True(t, differ)
	mean := sum / n
	require.InDelta(t, 1/rate, mean, 0.02/rate)
	deviation := math.Sqrt(squares/n - mean*mean)
	require.InDelta(t, mean, deviation, 0.03*mean, "the deviation of exponential gaps is their mean")
}

// TestPoissonFollowsTheShape: in a ramp from 0 a quarter comes in the first half.
func TestPoissonFollowsTheShape(t *testing.T) {
	a, early, all := Poisson(Ramp(0, 20_000, 10*time.Second), 3), 0, 0
	for at := a.Next(); at < 10*time.Second; at = a.Next() {
		if all++; at < 5*time.Second {
			early++
		}
	}
	require.InDelta(t, 100_000, all, 1500)
	require.InDelta(t, 0.25, float64(early)/float64(all), 0.01)
}
