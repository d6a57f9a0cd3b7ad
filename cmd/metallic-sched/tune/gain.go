package tune

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/perf/benchmath"

	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

const (
	// confidence is that of the intervals of medians. Fewer than leastRounds
	// rounds cannot give it, and prove nothing.
	confidence  = 0.95
	leastRounds = 6
	// worthwhile is the least gain that counts: 2 %. Below it a threshold may
	// stand on either side.
	worthwhile = 1.02
)

// sample is a gain in each of several rounds, in logarithms: so many times as
// slow weighs as much as so many times as fast.
type sample []float64

// gain returns the sample's median and the confidence interval of it.
func (s sample) gain(x int) profile.Gain {
	if len(s) == 0 {
		return profile.Gain{X: x}
	}
	sum := benchmath.AssumeNothing.Summary(benchmath.NewSample(slices.Clone(s), &benchmath.DefaultThresholds), confidence)
	g := profile.Gain{X: x, Median: math.Exp(sum.Center), Low: math.Exp(sum.Lo), High: math.Exp(sum.Hi), Rounds: len(s)}
	if len(s) < leastRounds { // there is no such interval
		g.Low, g.High = 0, math.MaxFloat64
	}
	return g
}

// better and worse report whether a gain is beyond doubt and worth having.
func better(g profile.Gain) bool { return g.Rounds >= leastRounds && g.Low > worthwhile }
func worse(g profile.Gain) bool  { return g.Rounds >= leastRounds && g.High < 1/worthwhile }

// ratio returns how many times as fast the second is, in logarithms.
func ratio(first, second time.Duration) float64 {
	return math.Log(float64(max(first, 1)) / float64(max(second, 1)))
}

// overall returns the mean gain of several classes, each by its median: a round
// in which one of them was disturbed has no say, a class that is slower all the
// time has. The interval is found by bootstrapping: what the mean would be had
// other rounds of each class been seen. See B. Efron, "Bootstrap methods:
// another look at the jackknife" (1979).
func overall(classes []sample, x int) profile.Gain {
	rounds := math.MaxInt
	for _, s := range classes {
		rounds = min(rounds, len(s))
	}
	if len(classes) == 0 || rounds == 0 {
		return profile.Gain{X: x}
	}
	g := profile.Gain{X: x, Low: 0, High: math.MaxFloat64, Rounds: rounds}
	g.Median = math.Exp(meanOfMedians(classes, slices.Clone))
	if rounds < leastRounds {
		return g
	}
	dice := rand.New(rand.NewPCG(uint64(x), 1)) // the same answer every time
	draw := func(s sample) sample {
		out := make(sample, len(s))
		for i := range out {
			out[i] = s[dice.IntN(len(s))]
		}
		return out
	}
	means := make([]float64, resamples)
	for i := range means {
		means[i] = meanOfMedians(classes, draw)
	}
	slices.Sort(means)
	tail := int(resamples * (1 - manyConfidence) / 2)
	g.Low, g.High = math.Exp(means[tail]), math.Exp(means[resamples-1-tail])
	return g
}

const (
	resamples = 600
	// manyConfidence is that of each point of a crossover: there are many, and
	// one of twenty would be wrong at 95 %.
	manyConfidence = 0.99
)

// meanOfMedians takes the median of what draw makes of each sample.
func meanOfMedians(classes []sample, draw func(sample) sample) (sum float64) {
	for _, s := range classes {
		drawn := draw(s)
		slices.Sort(drawn)
		sum += (drawn[(len(drawn)-1)/2] + drawn[len(drawn)/2]) / 2
	}
	return sum / float64(len(classes))
}

// quartiles returns the median of some times and what half of them are within.
func quartiles(times []time.Duration) (low, median, high time.Duration) {
	if len(times) == 0 {
		return 0, 0, 0
	}
	sorted := slices.Sorted(slices.Values(times))
	at := func(q float64) time.Duration { return sorted[int(math.Round(q*float64(len(sorted)-1)))] }
	return at(0.25), at(0.5), at(0.75)
}
