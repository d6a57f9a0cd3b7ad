package main

import (
	"math"
	"slices"
	"time"
)

// entrant is one way of computing something.
type entrant struct {
	name string
	// run computes it so many times.
	run func(times int)
	// settle lets threads that wait for more work go to sleep, so that they
	// do not take the processor from the next entrant. It may be nil.
	settle func()
}

// once makes the run of an entrant from a function that computes once.
func once(f func()) func(int) {
	return func(times int) {
		for range times {
			f()
		}
	}
}

// contest returns the median time of each entrant. They take turns, each time
// with another one first. Before a sample the entrant runs once: what the one
// before left in the caches, its own operands or the same, is no advantage.
func (o *options) contest(entrants []entrant) []time.Duration {
	times := make([]int, len(entrants))
	samples := make([][]time.Duration, len(entrants))
	for i := range entrants {
		entrants[i].sample(1) // caches and page tables warm up
		one := entrants[i].sample(1)
		times[i] = int(min(max(1, o.least/max(one, 1)), 10_000))
	}
	for r := range o.reps {
		for i := range entrants {
			at := (i + r) % len(entrants)
			entrants[at].run(1)
			samples[at] = append(samples[at], entrants[at].sample(times[at]))
		}
	}
	medians := make([]time.Duration, len(entrants))
	for i := range samples {
		medians[i] = median(samples[i])
	}
	return medians
}

// sample returns the time of one of so many runs.
func (e *entrant) sample(times int) time.Duration {
	start := time.Now()
	e.run(times)
	took := time.Since(start) / time.Duration(times)
	if e.settle != nil {
		e.settle()
	}
	return took
}

func median[T int | float64 | time.Duration](xs []T) T {
	slices.Sort(xs)
	if n := len(xs); n%2 == 0 {
		return (xs[n/2-1] + xs[n/2]) / 2
	}
	return xs[len(xs)/2]
}

// geometric is a geometric mean that grows.
type geometric struct {
	logs  float64
	n     int
	least float64
}

func (g *geometric) add(x float64) {
	if g.n == 0 || x < g.least {
		g.least = x
	}
	g.logs += math.Log(x)
	g.n++
}

func (g *geometric) mean() float64 { return math.Exp(g.logs / float64(max(g.n, 1))) }
