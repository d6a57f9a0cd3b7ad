package policy

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSampler(t *testing.T) {
	const n = 100_000
	for fraction, want := range map[float64]float64{
		0: 0, -1: 0, math.NaN(): 0, 1: n, 2: n, math.Inf(1): n, 0.5: n / 2, 0.01: n / 100, math.Nextafter(1, 0): n,
	} {
		for _, seed := range []uint64{0, 1, math.MaxUint64} {
			s, taken := NewSampler(fraction, seed), 0
			for i := range uint64(n) {
				if s.Takes(i) {
					taken++
				}
			}
			require.Equal(t, want > 0, s.On(), fraction)
			require.InDelta(t, want, taken, 5*math.Sqrt(want*(1-want/n))+1e-9, "fraction %v seed %d", fraction, seed)
		}
	}
}

// One seed takes the same ones again, another takes others.
func TestSamplerIsSeeded(t *testing.T) {
	take := func(seed uint64) (taken []uint64) {
		s := NewSampler(0.1, seed)
		for i := range uint64(1000) {
			if s.Takes(i) {
				taken = append(taken, i)
			}
		}
		return taken
	}
	require.Equal(t, take(7), take(7))
	require.NotEqual(t, take(7), take(8))
}
