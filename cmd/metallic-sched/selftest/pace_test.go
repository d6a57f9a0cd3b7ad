package selftest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPace(t *testing.T) {
	p := pace{budget: 25 * time.Millisecond, patience: time.Second}
	runs := 0
	takes := func(d time.Duration) func() (time.Duration, error) {
		runs = 0
		return func() (time.Duration, error) { runs++; return d, nil }
	}
	times, err := p.measure(takes(0)) // a clock that stands still
	require.NoError(t, err)
	require.Len(t, times, mostRuns)
	require.Equal(t, mostRuns+1, runs, "one to warm up")
	times, _ = p.measure(takes(10 * time.Millisecond))
	require.Len(t, times, 3)
	times, _ = p.measure(takes(300 * time.Millisecond))
	require.Len(t, times, 1)
	require.Equal(t, 1, runs)
	boom := errors.New("boom")
	_, err = p.measure(func() (time.Duration, error) { return 0, boom })
	require.ErrorIs(t, err, boom)

	require.Empty(t, p.tooSlow(Rate{}, 64))
	require.Empty(t, p.tooSlow(Rate{N: 16, Time: 250 * time.Millisecond}, 64))
	require.Equal(t, "slow: about 2s are expected", p.tooSlow(Rate{N: 16, Time: 500 * time.Millisecond}, 64))
}
