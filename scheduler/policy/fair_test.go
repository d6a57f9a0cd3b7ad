package policy

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestShareCountsByWeight(t *testing.T) {
	light, heavy := NewShare(1), NewShare(4)
	light.Charge(100)
	heavy.Charge(100)
	require.EqualValues(t, 100, light.Used())
	require.EqualValues(t, 25, heavy.Used())
	light.Charge(-60)
	require.EqualValues(t, 40, light.Used())
}

func TestClockNeverGoesBack(t *testing.T) {
	var c Clock
	c.Advance(7)
	c.Advance(3)
	require.EqualValues(t, 7, c.Now())
}

// Who comes back starts where those are that waited; what it used beyond them
// still counts.
func TestIdlenessSavesUpNothing(t *testing.T) {
	c := Clock{now: 100}
	idle, greedy := NewShare(1), NewShare(1)
	idle.Charge(10)
	greedy.Charge(250)
	c.Enter(&idle)
	c.Enter(&greedy)
	require.EqualValues(t, 100, idle.Used())
	require.EqualValues(t, 250, greedy.Used())
}

func TestWeightAllowed(t *testing.T) {
	for _, w := range []float64{MinWeight, 1, MaxWeight} {
		require.True(t, WeightAllowed(w), "%v", w)
	}
	for _, w := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1), MaxWeight * 1.01, MinWeight * 0.99} {
		require.False(t, WeightAllowed(w), "%v", w)
	}
}

// customer is a tenant of the tests below, who always asks for more.
type customer struct {
	Share
	served float64 // by weight
}

// counter serves customers one job at a time.
type counter struct {
	clock     Clock
	turns     Turns[*customer]
	customers []*customer
}

func newCounter(weights []float64) *counter {
	c := &counter{}
	for _, w := range weights {
		who := &customer{Share: NewShare(w)}
		c.customers = append(c.customers, who)
		c.enter(who)
	}
	return c
}

func (c *counter) enter(who *customer) {
	c.clock.Enter(&who.Share)
	c.turns.Push(&who.Share, who)
}

// serve serves one job of the customer whose turn it is. It is charged what
// was predicted at once, and made good at the end.
func (c *counter) serve(predicted, takes float64) *customer {
	who, _ := c.turns.First()
	c.clock.Advance(who.Used())
	who.Charge(predicted)
	c.turns.First() // as others are looked at while it runs
	who.Charge(takes - predicted)
	who.served += takes / who.weight
	return who
}

// TestShares: among customers that always wait, what each was served by weight
// differs by no more than one job of each of the two.
func TestShares(t *testing.T) {
	const longest = 50.0
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Float64Range(0.25, 4), 2, 6).Draw(t, "weights")
		c := newCounter(weights)
		for range rapid.IntRange(1, 200).Draw(t, "jobs") {
			takes := rapid.Float64Range(1, longest).Draw(t, "takes")
			c.serve(takes, takes)
			for _, a := range c.customers {
				for _, b := range c.customers {
					require.LessOrEqual(t, a.served-b.served, longest/a.weight+longest/b.weight+1e-6)
				}
			}
		}
	})
}

// TestSharesWithWrongPredictions: what is charged in the end is what was used,
// however wrong the prediction. A customer whose charge was too high is seen to
// be ahead when its old place comes up, so that the bound is the prediction's.
func TestSharesWithWrongPredictions(t *testing.T) {
	const longest, worst = 50.0, 500.0
	rapid.Check(t, func(t *rapid.T) {
		c := newCounter(rapid.SliceOfN(rapid.Float64Range(0.25, 4), 2, 6).Draw(t, "weights"))
		for range rapid.IntRange(1, 300).Draw(t, "jobs") {
			c.serve(rapid.Float64Range(0, worst).Draw(t, "predicted"), rapid.Float64Range(1, longest).Draw(t, "takes"))
		}
		for _, a := range c.customers {
			require.InDelta(t, a.served, float64(a.Used()), 1e-6)
			for _, b := range c.customers {
				require.LessOrEqual(t, a.served-b.served, (worst+longest)*(1/a.weight+1/b.weight))
			}
		}
	})
}

// TestWhoComesBackIsServedSoon: at equal weights a customer that comes back and
// has had no more than its share waits for at most one job of each other.
func TestWhoComesBackIsServedSoon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "others")
		c := newCounter(slices.Repeat([]float64{1}, n))
		who := &customer{Share: NewShare(1)}
		for range rapid.IntRange(1, 20).Draw(t, "visits") {
			// It is away for some time, until it is no longer ahead of the others.
			for i := rapid.IntRange(0, 20).Draw(t, "jobs between"); i > 0 || c.clock.Now() < who.Used(); i-- {
				takes := rapid.Float64Range(1, 50).Draw(t, "takes")
				c.serve(takes, takes)
			}
			c.enter(who)
			waited := 0
			for {
				if first, _ := c.turns.First(); first == who {
					break
				}
				takes := rapid.Float64Range(1, 50).Draw(t, "takes")
				c.serve(takes, takes)
				waited++
			}
			require.LessOrEqual(t, waited, n)
			c.serve(10, 10)
			c.leave(who)
		}
	})
}

// leave takes a customer away, whoever is first.
func (c *counter) leave(who *customer) {
	var others []*customer
	for c.turns.Len() > 0 {
		first, _ := c.turns.First()
		c.turns.Drop()
		if first != who {
			others = append(others, first)
		}
	}
	for _, other := range others {
		c.turns.Push(&other.Share, other)
	}
}
