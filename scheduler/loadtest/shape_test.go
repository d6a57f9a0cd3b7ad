package loadtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestShapeHits(t *testing.T) {
	burst := Burst(100, 900, 100*time.Millisecond, time.Second)
	steps := Steps(2*time.Second, 10, 100)
	for _, c := range []struct {
		name  string
		shape Shape
		at    time.Duration
		hits  float64
	}{
		{"constant", Constant(1000), 2500 * time.Millisecond, 2500},
		{"half a ramp", Ramp(0, 100, 10*time.Second), 5 * time.Second, 125},
		{"ramp", Ramp(100, 300, 10*time.Second), 10 * time.Second, 2000},
		{"past a ramp", Ramp(100, 300, 10*time.Second), 11 * time.Second, 2300},
		{"ramp down", Ramp(300, 100, 10*time.Second), 10 * time.Second, 2000},
		{"first step", steps, time.Second, 10},
		{"second step", steps, 3 * time.Second, 120},
		{"past the steps", steps, 5 * time.Second, 320},
		{"in a burst", burst, 50 * time.Millisecond, 50},
		{"after a burst", burst, 600 * time.Millisecond, 150},
		{"third burst", burst, 2050 * time.Millisecond, 2*190 + 50},
	} {
		require.InDelta(t, c.hits, c.shape.Hits(c.at), 1e-6, c.name)
		require.InDelta(t, c.at.Seconds(), c.shape.Time(c.hits).Seconds(), 1e-6, c.name)
	}
	require.Equal(t, far, Ramp(10, 0, time.Second).Time(6))
}

// TestShapeTimeInvertsHits: whatever the shape, arrival number Hits(t) is at t.
func TestShapeTimeInvertsHits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(1, 1e6)
		length := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Minute)).Draw(t, "length"))
		a, b := rate.Draw(t, "a"), rate.Draw(t, "b")
		shape := rapid.SampledFrom([]Shape{
			Constant(a), Ramp(a, b, length), Steps(length, a, b, a), Burst(a, b, length/4, length),
		}).Draw(t, "shape")
		at := time.Duration(rapid.Int64Range(0, int64(10*time.Minute)).Draw(t, "at"))
		require.InDelta(t, at.Seconds(), shape.Time(shape.Hits(at)).Seconds(), 1e-5)
	})
}
