package tune

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// entrant is one kernel on one problem.
type entrant struct {
	family string
	work   policy.Work
	run    func() (time.Duration, error) // once; the device's time

	repeat int             // runs that make one sample, 0 if it is too slow
	times  []time.Duration // a sample of each round, by run
	slow   time.Duration   // if too slow: what it takes, at least
}

// cell is a problem that several kernels compute.
type cell struct {
	class    string
	x        int
	entrants []*entrant
}

// entrant returns the one of a family, nil for none.
func (c *cell) entrant(family string) *entrant {
	for _, e := range c.entrants {
		if e.family == family {
			return e
		}
	}
	return nil
}

const (
	// leastSample is the least time that a sample is made of: far above what a
	// clock tells apart.
	leastSample  = 100 * time.Microsecond
	mostRepeats  = 64
	leastRepeats = 3 // of what is fast enough
	fastEnough   = 10 * time.Millisecond
	mostRounds   = 25
	// A kernel that takes leastSlow is never too slow to be measured again and
	// again, one that takes mostSlow always is.
	leastSlow, mostSlow = 20 * time.Millisecond, 300 * time.Millisecond
	// mostFirst is longer than a first run takes because it compiles.
	mostFirst = 10 * time.Second
)

// slowFrom returns what is too slow for so many kernels to be measured in some
// time: many times what each may take in the mean.
func slowFrom(limit time.Duration, kernels int) time.Duration {
	return min(max(20*limit/time.Duration(leastRounds*max(kernels, 1)), leastSlow), mostSlow)
}

// contest measures cells in rounds: every kernel once in each, in an order that
// is another one every time, so that what disturbs the machine disturbs all
// alike. It ends after mostRounds or when time is up, but not before
// leastRounds; a round that was cut short does not count.
func contest(ctx context.Context, cells []*cell, limit time.Duration, dice *rand.Rand, tell func(round int)) error {
	all, err := warm(ctx, cells, limit)
	if err != nil {
		return err
	}
	start := time.Now() // first runs may compile
	for round := range mostRounds {
		if round >= leastRounds && time.Since(start) > limit {
			return nil
		}
		tell(round + 1)
		dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, e := range all {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := e.sample(); err != nil {
				return err
			}
		}
	}
	return nil
}

// warm runs every kernel for the first time and returns those that take part.
// One that is too slow is not tried with more columns or rows: cells of a class
// come in that order.
func warm(ctx context.Context, cells []*cell, limit time.Duration) (all []*entrant, err error) {
	kernels := 0
	for _, c := range cells {
		kernels += len(c.entrants)
	}
	slow := slowFrom(limit, kernels)
	out := map[[2]string]time.Duration{} // by family and class: what a smaller one takes
	for _, c := range cells {
		for _, e := range c.entrants {
			name := [2]string{e.family, c.class}
			if e.slow = out[name]; e.slow > 0 {
				continue
			}
			if err := errors.Join(ctx.Err(), e.warmUp(slow)); err != nil {
				return nil, err
			}
			if e.repeat > 0 {
				all = append(all, e)
			} else {
				out[name] = e.slow
			}
		}
	}
	return all, nil
}

// warmUp runs the kernel for the first time and finds out how often it must run
// to make a sample, or that it is too slow to take part.
func (e *entrant) warmUp(slow time.Duration) error {
	t, err := e.run()
	if err == nil && t < mostFirst {
		t, err = e.run() // the first one compiles and touches memory
	}
	switch {
	case err != nil:
		return err
	case t >= slow:
		e.slow = t
	default:
		e.repeat = min(int(leastSample/max(t, 1))+1, mostRepeats)
		if t < fastEnough {
			e.repeat = max(e.repeat, leastRepeats)
		}
	}
	return nil
}

// sample takes the mean of the faster half of some runs: what disturbs a run
// only ever makes it slower.
func (e *entrant) sample() error {
	runs := make([]time.Duration, e.repeat)
	for i := range runs {
		t, err := e.run()
		if err != nil {
			return err
		}
		runs[i] = t
	}
	slices.Sort(runs)
	fast, sum := runs[:(len(runs)+1)/2], time.Duration(0)
	for _, t := range fast {
		sum += t
	}
	e.times = append(e.times, sum/time.Duration(len(fast)))
	return nil
}

// against returns how many times as fast as the first the second was, round by
// round.
func against(first, second *entrant) (s sample) {
	if first == nil || second == nil {
		return nil
	}
	for i := range min(len(first.times), len(second.times)) {
		s = append(s, ratio(first.times[i], second.times[i]))
	}
	return s
}

// farApart is how many times as long one of two kernels must take for a single
// run of either to tell.
const farApart = 2

// bounded is against, also where one or both were too slow to take part: what
// was found of that one then stands for every round.
func bounded(first, second *entrant) sample {
	rounds := max(len(first.times), len(second.times))
	if rounds == 0 && min(first.slow, second.slow) > 0 &&
		max(first.slow, second.slow) >= farApart*min(first.slow, second.slow) {
		rounds = leastRounds
	}
	return against(first.standing(rounds), second.standing(rounds))
}

// standing returns the entrant with the times that stand for so many rounds.
func (e *entrant) standing(rounds int) *entrant {
	if e.slow == 0 {
		return e
	}
	return &entrant{times: slices.Repeat([]time.Duration{e.slow}, rounds)}
}
