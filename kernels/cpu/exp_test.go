package cpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestExp compares with the library's double over every scale of float32.
func TestExp(t *testing.T) {
	for bits := uint32(0x80000000); bits < 0xff800000; bits += 9973 {
		x := math.Float32frombits(bits) // -0 to the lowest number
		want := math.Exp(float64(x))
		// Half a unit in the last place, also of a subnormal, and a little.
		limit := math.Max(want*0x1p-24, 0x1p-150) * 1.01
		if got := float64(exp32(x)); math.Abs(got-want) > limit {
			require.Failf(t, "too far off", "exp(%v) is %v; want %v", x, got, want)
		}
	}
	require.EqualValues(t, 1, exp32(0))
	require.Zero(t, exp32(float32(math.Inf(-1))))
	require.True(t, math.IsNaN(float64(exp32(quietNaN))))
}
