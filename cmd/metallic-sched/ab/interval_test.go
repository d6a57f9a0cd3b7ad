package ab

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestMedianCovers: of all ways in which the signs of n values can fall, an
// interval misses the middle in a part of at most alpha; and if it was one
// value narrower on both sides, in more.
func TestMedianCovers(t *testing.T) {
	for n := 1; n <= 60; n++ {
		for _, alpha := range []float64{0.3, 0.05, 0.01, 1e-4} {
			if missed := missing(n, alpha, 0); missed > alpha {
				t.Errorf("%d values at %v: misses %v", n, alpha, missed)
			}
			// Above 30 values benchmath takes the normal distribution, which is
			// a value too wide at times.
			if n <= 30 && missing(n, alpha, 0) > 0 {
				require.Greater(t, missing(n, alpha, 1), alpha, "%d values at %v", n, alpha)
			}
		}
	}
}

// missing is the chance that the median's interval of n values misses the
// middle, if it leaves out narrower values more at both ends.
func missing(n int, alpha float64, narrower int) (chance float64) {
	ranks := make([]float64, n)
	for i := range ranks {
		ranks[i] = float64(i + 1)
	}
	in := median(ranks, alpha)
	if in.Open() {
		return 0
	}
	low, high := int(in.Low)+narrower, int(in.High)-narrower
	for below := range n + 1 { // values below the middle
		if below < low || below >= high {
			choose := math.Exp(lgamma(n+1) - lgamma(below+1) - lgamma(n-below+1))
			chance += choose * math.Exp2(-float64(n))
		}
	}
	return chance
}

func lgamma(n int) float64 {
	x, _ := math.Lgamma(float64(n))
	return x
}

// TestMedianIsEven: nothing changes but the sign if the sides are exchanged.
func TestMedianIsEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := rapid.SliceOfN(rapid.Float64Range(-1, 1), 1, 50).Draw(t, "values")
		alpha := rapid.Float64Range(1e-6, 0.5).Draw(t, "alpha")
		mirrored := make([]float64, len(xs))
		for i := range xs {
			mirrored[i] = -xs[i]
		}
		in, back := median(xs, alpha), median(mirrored, alpha)
		require.Equal(t, in.Low, -back.High)
		require.Equal(t, in.High, -back.Low)
		require.InDelta(t, in.Mid, -back.Mid, 1e-12)
		require.Equal(t, alpha < leastLevel(len(xs)), in.Open())
	})
}

func TestLeastValues(t *testing.T) {
	for _, alpha := range []float64{0.5, 0.05, 0.01, 1e-5} {
		n := leastValues(alpha)
		require.False(t, median(make([]float64, n), alpha).Open())
		require.True(t, median(make([]float64, n-1), alpha).Open())
	}
}

func TestIntervalJSON(t *testing.T) {
	for want, in := range map[string]Interval{
		`{"mid":2,"low":1,"high":3}`:       {2, 1, 3},
		`{"mid":2,"low":null,"high":null}`: median([]float64{2}, 0.05),
	} {
		text, err := json.Marshal(in)
		require.NoError(t, err)
		require.JSONEq(t, want, string(text))
	}
}
