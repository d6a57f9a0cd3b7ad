package loadtest

import (
	"math/rand/v2"
	"time"
)

// Arrivals is the sequence of times at which jobs are due. One goroutine at a
// time may use it.
type Arrivals struct {
	shape Shape
	hits  float64
	dice  *rand.Rand // nil for even arrivals
}

// Even spaces arrivals evenly, as far as the shape is constant.
func Even(s Shape) *Arrivals { return &Arrivals{shape: s} }

// Poisson makes arrivals independent of each other: what many callers who do
// not know of each other do. The same seed gives the same times.
func Poisson(s Shape, seed uint64) *Arrivals {
	a := &Arrivals{shape: s, dice: newDice(seed, diceArrivals)}
	a.step()
	return a
}

// Next returns when the next job is due, from the start on.
func (a *Arrivals) Next() time.Duration {
	at := a.shape.Time(a.hits)
	a.step()
	return at
}

// step draws the gap in units of arrivals, in which every shape is constant.
func (a *Arrivals) step() {
	if a.dice == nil {
		a.hits++
		return
	}
	a.hits += a.dice.ExpFloat64()
}

// What dice are thrown for: one stream each, so that none depends on how often
// another was asked.
const (
	diceArrivals = iota + 1
	diceJobs
	diceCallers // and those after it
)

func newDice(seed, stream uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }
