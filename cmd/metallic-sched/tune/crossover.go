package tune

import (
	"fmt"
	"math"

	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// threshold is a setting that divides an axis: the kernels on one side of it
// are others than those on the other side.
type threshold struct {
	variable    string
	axis        string
	below       string // kernels up to the threshold
	above       string // kernels beyond it
	usual       int    // the default
	inclusive   bool   // the threshold itself belongs to below (a maximum), else to above (a minimum)
	least, most int    // what the setting may be
}

// splitOf returns how many of the points are below a value of the threshold.
func (t *threshold) splitOf(points []profile.Gain, value int) int {
	n := 0
	for n < len(points) && (points[n].X < value || t.inclusive && points[n].X == value) {
		n++
	}
	return n
}

// valueOf returns a value of the threshold with so many of the points below it.
func (t *threshold) valueOf(points []profile.Gain, split int) int {
	value := 0
	switch {
	case t.inclusive && split > 0:
		value = points[split-1].X
	case t.inclusive:
		value = points[0].X - 1
	case split < len(points):
		value = points[split].X
	default:
		value = points[len(points)-1].X + 1
	}
	return min(max(value, t.least), t.most)
}

// find returns the value of the threshold that measured gains speak for, and
// why. points are how many times as fast the kernels of above are, in the order
// of X.
//
// It is the one division of the axis that has the most measured advantage on
// the right side, in logarithms: a least-squares fit of a step has the same
// answer. Points where neither kernel is better beyond doubt say nothing.
// Among equally good divisions the default stands, or else the one closest to
// it: so ties change nothing, and a single wrong point is outvoted by its
// neighbours.
func (t *threshold) find(points []profile.Gain) (value int, why string) {
	usual := t.splitOf(points, t.usual)
	best, most := usual, t.score(points, usual)
	for distance := 1; distance <= len(points); distance++ {
		for _, split := range [...]int{usual - distance, usual + distance} {
			if split < 0 || split > len(points) {
				continue
			}
			if s := t.score(points, split); s > most+1e-9 {
				best, most = split, s
			}
		}
	}
	if best == usual {
		return t.usual, t.whyUsual(points)
	}
	value = t.valueOf(points, best)
	changed := points[min(best, usual):max(best, usual)]
	return value, fmt.Sprintf("%s from %d to %d: %s by %.3gx there in the mean",
		t.axis, changed[0].X, changed[len(changed)-1].X, t.winner(best < usual), meanOf(changed))
}

func (t *threshold) winner(above bool) string {
	if above {
		return t.above + " faster than " + t.below
	}
	return t.below + " faster than " + t.above
}

// score is how much of what was measured a division gets right.
func (t *threshold) score(points []profile.Gain, split int) (sum float64) {
	for i, g := range points {
		if !better(g) && !worse(g) {
			continue
		}
		if advantage := math.Log(g.Median); i >= split {
			sum += advantage
		} else {
			sum -= advantage
		}
	}
	return sum
}

func (t *threshold) whyUsual(points []profile.Gain) string {
	clear := 0
	for _, g := range points {
		if g.Rounds < leastRounds {
			return fmt.Sprintf("too little time: %d rounds of at least %d", g.Rounds, leastRounds)
		}
		if better(g) || worse(g) {
			clear++
		}
	}
	if clear == 0 {
		return fmt.Sprintf("%s and %s are equally fast everywhere", t.below, t.above)
	}
	return fmt.Sprintf("no other value is better; a difference at %d of %d points", clear, len(points))
}

// meanOf is the geometric mean of gains, whichever side gains.
func meanOf(points []profile.Gain) float64 {
	sum := 0.0
	for _, g := range points {
		sum += math.Log(g.Median)
	}
	return math.Exp(math.Abs(sum / float64(len(points))))
}
