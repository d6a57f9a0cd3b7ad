package tune

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

var (
	fewest = threshold{variable: "N_MIN", axis: "columns", below: "plain", above: "wide", usual: 16, most: 1 << 20}
	widest = threshold{variable: "MAX_N", axis: "columns", below: "narrow", above: "wide", usual: 8, inclusive: true, most: 16}
)

// seeds are fewer under the race detector.
func seeds(n uint64) uint64 {
	if raceDetector {
		return 1
	}
	return n
}

// curve makes points whose true gain is what of says, seen through noise by
// several kinds of operands.
func curve(dice *rand.Rand, xs []int, rounds int, noise float64, of func(x int) float64) (points []profile.Gain) {
	for _, x := range xs {
		var classes []sample
		for range 5 {
			var s sample
			for range rounds {
				disturbed := 0.0
				if dice.IntN(10) == 0 { // somebody else's work
					disturbed = dice.NormFloat64() * math.Log(4)
				}
				s = append(s, math.Log(of(x))+dice.NormFloat64()*noise+disturbed)
			}
			classes = append(classes, s)
		}
		points = append(points, overall(classes, x))
	}
	return points
}

func step(at int, before, after float64) func(int) float64 {
	return func(x int) float64 {
		if x < at {
			return before
		}
		return after
	}
}

func TestFindsASteppedCrossoverThroughNoise(t *testing.T) {
	for seed := range seeds(2) {
		dice := rand.New(rand.NewPCG(seed, 7))
		for _, c := range []struct {
			threshold
			of   func(int) float64
			want int
		}{
			{fewest, step(32, 0.5, 2), 32},
			{fewest, step(4, 0.5, 2), 4},
			{fewest, step(16, 0.5, 2), 16},
			{fewest, step(1, 0.5, 2), 1},
			{fewest, step(1000, 0.5, 2), 129}, // beyond what was measured
			{widest, step(3, 0.5, 2), 2},
			{widest, step(10, 0.5, 2), 9},
			{widest, step(1000, 0.5, 2), 16},
			{widest, step(1, 0.5, 2), 0},
		} {
			value, why := c.find(curve(dice, columnsAxis, 9, 0.1, c.of))
			require.Equal(t, c.want, value, "seed %d, %s: %s", seed, c.variable, why)
			require.NotEmpty(t, why)
		}
	}
}

// A crossover that comes slowly is found within the points where the kernels
// are about equal.
func TestFindsASlopingCrossover(t *testing.T) {
	for seed := range seeds(2) {
		dice := rand.New(rand.NewPCG(seed, 8))
		value, why := fewest.find(curve(dice, columnsAxis, 9, 0.1, func(x int) float64 { return math.Pow(float64(x)/40, 0.5) }))
		require.GreaterOrEqual(t, value, 32, why)
		require.LessOrEqual(t, value, 64, why)
	}
}

func TestTiesKeepTheDefault(t *testing.T) {
	for seed := range seeds(4) {
		dice := rand.New(rand.NewPCG(seed, 9))
		for _, th := range []threshold{fewest, widest} {
			value, why := th.find(curve(dice, columnsAxis, 9, 0.1, func(int) float64 { return 1 }))
			require.Equal(t, th.usual, value, "seed %d: %s", seed, why)
		}
	}
	// One that is on the right side already stays as it is, wherever between
	// two points it lies.
	th := fewest
	th.usual = 11
	value, _ := th.find(exact(map[int]float64{8: 0.5, 10: 0.5, 12: 2, 16: 2}))
	require.Equal(t, 11, value)
}

// exact are points without noise.
func exact(gain map[int]float64) (points []profile.Gain) {
	for x := range 1 << 14 {
		if g, ok := gain[x]; ok {
			points = append(points, profile.Gain{X: x, Median: g, Low: g * 0.999, High: g * 1.001, Rounds: 9})
		}
	}
	return points
}

func TestOnePointIsOutvoted(t *testing.T) {
	value, why := fewest.find(exact(map[int]float64{4: 0.6, 8: 0.6, 16: 0.6, 20: 1.4, 24: 0.6, 32: 0.6, 48: 1.5, 64: 1.5}))
	require.Equal(t, 48, value, why)
	require.Contains(t, why, "plain faster than wide")
	value, _ = fewest.find(exact(map[int]float64{4: 0.6, 8: 1.4, 12: 0.6, 16: 1.5, 64: 1.5}))
	require.Equal(t, 16, value)
}

func TestTheSideThatGainsMoreDecides(t *testing.T) {
	// Slower by little at one point, faster by much at the next.
	value, _ := fewest.find(exact(map[int]float64{8: 2, 12: 0.9, 16: 2}))
	require.Equal(t, 8, value)
	value, _ = fewest.find(exact(map[int]float64{8: 1.1, 12: 0.5, 16: 2}))
	require.Equal(t, 16, value)
}

func TestTooFewRoundsProveNothing(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	value, why := fewest.find(curve(dice, columnsAxis, leastRounds-1, 0.01, step(64, 0.1, 10)))
	require.Equal(t, fewest.usual, value)
	require.Contains(t, why, "too little time")
}

// The clever division is as good as the best of all that can be tried.
func TestFindAgainstTryingAll(t *testing.T) {
	dice := rand.New(rand.NewPCG(3, 3))
	for range 300 {
		gain := map[int]float64{}
		for _, x := range columnsAxis {
			gain[x] = math.Exp(dice.NormFloat64())
		}
		points := exact(gain)
		value, _ := fewest.find(points)
		best := math.Inf(-1)
		for split := range len(points) + 1 {
			best = max(best, fewest.score(points, split))
		}
		require.InDelta(t, best, fewest.score(points, fewest.splitOf(points, value)), 1e-9)
	}
}

func TestOverall(t *testing.T) {
	// A class that is slow all the time counts; one bad round does not.
	steady, slow, disturbed := make(sample, 9), make(sample, 9), make(sample, 9)
	for i := range slow {
		slow[i] = math.Log(0.25)
	}
	disturbed[3] = math.Log(100)
	g := overall([]sample{steady, slow, disturbed, steady}, 5)
	require.InDelta(t, math.Pow(0.25, 0.25), g.Median, 1e-9)
	require.True(t, worse(g))
	require.Equal(t, 5, g.X)
	require.Equal(t, g, overall([]sample{steady, slow, disturbed, steady}, 5), "the same answer every time")
	require.Zero(t, overall(nil, 0).Rounds)
	require.False(t, better(sample{1, 1, 1}.gain(0)))
	require.True(t, better(sample{1, 1, 1, 1, 1, 1}.gain(0)))
}
