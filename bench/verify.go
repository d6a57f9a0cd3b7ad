package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// verify runs every entrant and compares some elements of what it leaves in
// its result with A*B.
func verify(entrants []entrant, results []tensor.View, a, b tensor.View) error {
	for n := range entrants {
		c := results[n]
		var at [32][2]int
		for s := range at {
			at[s] = [2]int{rand.IntN(c.Rows()), rand.IntN(c.Cols())}
			c.SetValue(0, at[s][0], at[s][1], 1e9) // what was there does not count
		}
		entrants[n].sample(1)
		for _, e := range at {
			if err := check(c, a, b, e[0], e[1]); err != nil {
				return fmt.Errorf("%s: %w", entrants[n].name, err)
			}
		}
	}
	return nil
}

func check(c, a, b tensor.View, i, j int) error {
	want, magnitude := 0.0, 0.0
	for k := range a.Cols() {
		product := float64(a.Value(0, i, k)) * float64(b.Value(0, k, j))
		want += product
		magnitude += math.Abs(product)
	}
	e := 0x1p-20 * magnitude
	if a.DType() != tensor.F32 { // peers may round B to the type of A
		e = 0x1p-7 * magnitude
	}
	if got := float64(c.Value(0, i, j)); !(math.Abs(got-want) <= e) {
		return fmt.Errorf("element (%d, %d) is %v; want %v", i, j, got, want)
	}
	return nil
}

// best returns the least time and its entrant.
func best[T ~int64](times []T, entrants []entrant) (T, string) {
	least := slices.Min(times)
	return least, entrants[slices.Index(times, least)].name
}
