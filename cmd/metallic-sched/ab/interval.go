package ab

import (
	"encoding/json"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// Interval is a median and between what the true one lies. With too few values
// for the level it is open: Low and High are infinite.
type Interval struct{ Mid, Low, High float64 }

// Open reports whether there were too few values for bounds.
func (i Interval) Open() bool { return math.IsInf(i.Low, 0) || math.IsInf(i.High, 0) }

// MarshalJSON writes bounds that are infinite as null.
func (i Interval) MarshalJSON() ([]byte, error) {
	out := struct {
		Mid  float64  `json:"mid"`
		Low  *float64 `json:"low"`
		High *float64 `json:"high"`
	}{Mid: i.Mid}
	if !i.Open() {
		out.Low, out.High = &i.Low, &i.High
	}
	return json.Marshal(out)
}

// median returns the median of at least one value and an interval that misses
// the true one with a probability of at most alpha. It supposes nothing about
// the distribution.
func median(xs []float64, alpha float64) Interval {
	xs = slices.Sorted(slices.Values(xs))
	s := summary(xs, alpha)
	// Where no interval is both narrow enough and even, benchmath's leans to
	// the left. Both leanings together favour neither side.
	for i := range xs {
		xs[i] = -xs[i]
	}
	slices.Reverse(xs)
	m := summary(xs, alpha)
	return Interval{Mid: s.Center, Low: min(s.Lo, -m.Hi), High: max(s.Hi, -m.Lo)}
}

func summary(sorted []float64, alpha float64) benchmath.Summary {
	return benchmath.AssumeNothing.Summary(&benchmath.Sample{Values: sorted, Thresholds: &benchmath.DefaultThresholds}, 1-alpha)
}

// leastLevel is that of an interval around all of so many values: below it the
// interval is open.
func leastLevel(values int) float64 { return math.Exp2(1 - float64(values)) }

// leastValues is how many values make an interval of a level that is not open.
func leastValues(alpha float64) int { return int(math.Ceil(1 - math.Log2(alpha))) }
