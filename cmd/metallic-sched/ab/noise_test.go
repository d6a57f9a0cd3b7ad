package ab

import (
	"math"
	"math/rand/v2"
)

// machine is how a machine that is shared disturbs runs, one after the other:
// by what logarithm each is slower. shape is its own noise per row.
type machine struct {
	name string
	// next returns the disturbance of run number i.
	next func(r *rand.Rand, i int) float64
	own  float64
}

// machines are those that the rates of errors are tested on.
func machines() []machine {
	return []machine{
		{"quiet", func(*rand.Rand, int) float64 { return 0 }, 0.01},
		{"heavy tails", func(r *rand.Rand, _ int) float64 { return 0.01 * student3(r) }, 0.01},
		{"drift", func(_ *rand.Rand, i int) float64 { return 0.005 * float64(i) }, 0.01}, // 50 % in a hundred runs
		{"random walk", walk(0.02), 0.01},
		{"another tenant", tenant(), 0.01},
		{"alternating", func(_ *rand.Rand, i int) float64 { return 0.05 * float64(i%2) }, 0.01},
	}
}

func student3(r *rand.Rand) float64 {
	z, s := r.NormFloat64(), 0.0
	for range 3 {
		g := r.NormFloat64()
		s += g * g
	}
	return z / math.Sqrt(s/3)
}

func walk(step float64) func(*rand.Rand, int) float64 {
	at := 0.0
	return func(r *rand.Rand, _ int) float64 {
		at += step * r.NormFloat64()
		return at
	}
}

// tenant is busy for some runs in a row, which are then 20 to 65 % slower.
func tenant() func(*rand.Rand, int) float64 {
	busy := 0.0
	return func(r *rand.Rand, _ int) float64 {
		switch {
		case busy == 0 && r.Float64() < 0.1:
			busy = 0.2 + 0.3*r.Float64()
		case r.Float64() < 0.3:
			busy = 0
		}
		return busy
	}
}
