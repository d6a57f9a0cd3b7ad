package selftest

import (
	"slices"
	"strconv"
	"time"
)

// median returns the middle of some durations, the lower one of two, 0 of none.
func median(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)/2]
}

// per returns n a second in billions, 0 where no time was measured.
func per(n float64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return n / d.Seconds() / 1e9
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', 8, 64) }
