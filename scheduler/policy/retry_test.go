package policy

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		excess int64
		rate   float64
		want   time.Duration
	}{
		{1, 100, 10 * time.Millisecond},
		{50, 100, 500 * time.Millisecond},
		{1, 1e9, RetryLeast},
		{1, math.Inf(1), RetryLeast},
		{math.MaxInt64, 1, RetryMost},
		{math.MaxInt64, math.SmallestNonzeroFloat64, RetryMost},
		{1, 0, 0},
		{1, -1, 0},
		{1, math.NaN(), 0},
		{0, 100, 0},
		{-1, 100, 0},
	} {
		require.Equal(t, c.want, RetryAfter(c.excess, c.rate), "%+v", c)
	}
}

// More to wait for, or less given back, never shortens the wait.
func TestRetryAfterIsMonotonic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		excess := rapid.Int64Range(1, math.MaxInt64-1).Draw(t, "excess")
		rate := rapid.Float64Range(1e-9, 1e12).Draw(t, "rate")
		d := RetryAfter(excess, rate)
		require.True(t, d >= RetryLeast && d <= RetryMost, d)
		require.GreaterOrEqual(t, RetryAfter(excess+1, rate), d)
		require.GreaterOrEqual(t, RetryAfter(excess, rate/2), d)
	})
}
