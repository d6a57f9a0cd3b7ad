package tune

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// takes is an entrant whose every run takes so long, on a virtual clock.
func takes(family string, d time.Duration, runs *int) *entrant {
	return &entrant{family: family, run: func() (time.Duration, error) {
		time.Sleep(d)
		*runs++
		return d, nil
	}}
}

func TestContest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var quick, other, slow, slower int
		cells := []*cell{
			{class: "a", x: 1, entrants: []*entrant{takes("x", time.Microsecond, &quick), takes("y", 4*time.Millisecond, &other)}},
			{class: "a", x: 2, entrants: []*entrant{takes("z", time.Second, &slow)}},
			{class: "a", x: 4, entrants: []*entrant{takes("z", 9*time.Second, &slower)}},
		}
		rounds := 0
		err := contest(context.Background(), cells, 100*time.Millisecond, rand.New(rand.NewPCG(1, 1)), func(int) { rounds++ })
		require.NoError(t, err)
		require.GreaterOrEqual(t, rounds, leastRounds)
		require.Less(t, rounds, mostRounds)
		for i, e := range cells[0].entrants {
			require.Len(t, e.times, rounds)
			require.Equal(t, []time.Duration{time.Microsecond, 4 * time.Millisecond}[i], e.times[0])
		}
		require.Equal(t, 2+rounds*mostRepeats, quick, "what is short is run often, for the clock")
		require.Equal(t, 2+rounds*leastRepeats, other)
		require.Equal(t, 2, slow, "the first run may have compiled")
		require.Zero(t, slower, "it would only be slower still")
		require.Equal(t, time.Second, cells[2].entrants[0].slow, "at least")
		require.Len(t, against(cells[0].entrants[0], cells[0].entrants[1]), rounds)
		require.Empty(t, against(cells[0].entrants[0], cells[1].entrants[0]))
		require.Empty(t, against(nil, cells[0].entrants[0]))
	})
}

// What a change makes far slower counts as that, though nobody waits for it in
// every round.
func TestTooSlowCounts(t *testing.T) {
	const short, long, longer = time.Millisecond, time.Second, 3 * time.Second
	for _, c := range []struct {
		usual, tried  time.Duration
		n             int
		better, worse bool
	}{
		{short, long, 1, false, true},
		{long, short, 1, true, false},
		{long, longer, 1, false, true},
		{long, long + short, 0, false, false}, // of one run each nobody knows
	} {
		synctest.Test(t, func(t *testing.T) {
			var runs int
			cells := []*cell{{entrants: []*entrant{takes("usual", c.usual, &runs), takes("tried", c.tried, &runs)}}}
			require.NoError(t, contest(context.Background(), cells, 100*time.Millisecond, rand.New(rand.NewPCG(1, 1)), func(int) {}))
			n, gain := pairs(cells)
			require.Equal(t, c.n, n)
			require.Equal(t, c.better, better(gain))
			require.Equal(t, c.worse, worse(gain))
		})
	}
}

// What takes long at first, to be compiled, takes part like any other.
func TestFirstRunCompiles(t *testing.T) {
	runs := 0
	e := &entrant{run: func() (time.Duration, error) {
		if runs++; runs == 1 {
			return 5 * time.Second, nil
		}
		return time.Millisecond, nil
	}}
	require.NoError(t, e.warmUp(leastSlow))
	require.Zero(t, e.slow)
	require.Equal(t, leastRepeats, e.repeat)
}

// Half of the runs may be disturbed.
func TestSampleIgnoresDisturbances(t *testing.T) {
	n := 0
	e := &entrant{repeat: 10, run: func() (time.Duration, error) {
		n++
		if n%2 == 0 {
			return time.Second, nil
		}
		return time.Millisecond, nil
	}}
	require.NoError(t, e.sample())
	require.Equal(t, []time.Duration{time.Millisecond}, e.times)
}

func TestContestEndsWithAnError(t *testing.T) {
	broken := errors.New("broken")
	cells := []*cell{{entrants: []*entrant{{run: func() (time.Duration, error) { return 0, broken }}}}}
	require.ErrorIs(t, contest(context.Background(), cells, time.Second, rand.New(rand.NewPCG(1, 1)), func(int) {}), broken)
}
