package policy

import (
	"math/bits"
	"sort"
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
)

// CostModel predicts how long a batch takes: an analytic prior, corrected by
// every completion. Corrections are ratios of measured to prior time, kept per
// kernel family, type of A, operand size and number of columns; work that was
// never measured borrows from its nearest neighbour.
//
// A CostModel belongs to one goroutine.
type CostModel struct {
	prior    Prior
	groups   [kernels.FamilyCount][4]group // by family and type of A
	surprise float64                       // see Foresight
}

// group holds the corrections of one family and type.
type group struct {
	seen uint32 // the size classes with corrections, a bit each
	rows [sizeClasses]corrections
}

// corrections are those of one operand size, by extent class.
type corrections struct {
	seen  uint32 // the extent classes with a correction, a bit each
	cells [extentClasses]cell
}

type cell struct {
	ratio float32
	count uint32
}

const (
	// A prior may be wrong by much, a clock by more.
	maxRatio = 1024
	// One slow batch among many is an outlier: it counts as at most this many
	// times what was expected, and moves the mean by no more than minWeight.
	maxSurprise = 4
	minWeight   = 1.0 / 8
	maxExtent   = 1 << 20 // the most that Columns returns
	// forgets makes a surprise half as large after some 180 batches.
	forgets = 1 - 1.0/256
	// maxPrediction keeps sums of predictions from overflowing.
	maxPrediction = 24 * time.Hour
)

// NewCostModel returns a model that knows nothing but the prior.
func NewCostModel(prior Prior) *CostModel { return &CostModel{prior: prior.withDefaults()} }

// Observe corrects the model by a completed batch. Times that are not positive
// are ignored.
func (m *CostModel) Observe(w Work, measured time.Duration) {
	if measured <= 0 {
		return
	}
	c := m.prior.curve(&w)
	ratio := measured.Seconds() / c.at(float64(w.extent()))
	g := m.group(&w)
	size, extent := w.sizeClass(), extentClass(w.extent())
	row := &g.rows[size]
	if old := &row.cells[extent]; old.count > 0 {
		m.surprise = max(m.surprise*forgets, ratio/float64(old.ratio))
	}
	row.cells[extent].add(ratio)
	row.seen |= 1 << extent
	g.seen |= 1 << size
}

// add moves the cell's ratio towards a new one: a plain mean at first, an
// exponentially weighted one later.
func (c *cell) add(ratio float64) {
	ratio = min(max(ratio, 1.0/maxRatio), maxRatio)
	old := float64(c.ratio)
	if c.count > 0 {
		ratio = min(max(ratio, old/maxSurprise), old*maxSurprise)
	}
	c.count = min(c.count+1, 1/minWeight)
	c.ratio = float32(old + (ratio-old)/float64(c.count))
}

func (m *CostModel) group(w *Work) *group { return &m.groups[w.Family][w.A] }

// Predict returns how long w will take. For one operand it never falls as the
// columns (softmax: rows) grow in number.
func (m *CostModel) Predict(w Work) time.Duration {
	c := m.prior.curve(&w)
	return seconds(m.nearest(&w).predict(&c, w.extent()))
}

// PredictMany returns how long that many pieces of work like w take when they
// share w's operand, as far as they can: products of one matrix, and softmaxes.
func (m *CostModel) PredictMany(w Work, n int) time.Duration {
	if w.Family.Op() == kernels.OpMatmul && w.Shape.Batch != 1 {
		return seconds(m.Predict(w).Seconds() * float64(n))
	}
	return m.Predict(w.Widen(min(w.extent(), mostExtent) * min(max(n, 1), mostExtent)))
}

// mostExtent keeps products of two from overflowing.
const mostExtent = 1 << 30

// Foresee returns the prediction and how far it is to be trusted.
func (m *CostModel) Foresee(w Work) Foresight {
	return Foresight{
		Predicted: m.Predict(w), Surprise: m.surprise,
		Measured: m.knows(&w),
	}
}

func seconds(s float64) time.Duration {
	return time.Duration(min(s, maxPrediction.Seconds()) * float64(time.Second))
}

// Columns returns the most columns (softmax: rows) of w's kind that fit in a
// time budget, from 1 to about a million. w's own number of them does not
// matter.
func (m *CostModel) Columns(budget time.Duration, w Work) int {
	c, row := m.prior.curve(&w), m.nearest(&w)
	over := func(n int) bool { return seconds(row.predict(&c, n)) > budget }
	most := 1
	for most < maxExtent && !over(2*most) {
		most *= 2
	}
	if most == maxExtent {
		return most
	}
	return most + sort.Search(most-1, func(i int) bool { return over(most + 1 + i) })
}

// nearest returns the corrections of the operand size closest to w's; empty
// ones when nothing of the family and type was measured.
func (m *CostModel) nearest(w *Work) *corrections {
	g, size := m.group(w), w.sizeClass()
	if g.seen == 0 {
		return &g.rows[size]
	}
	below, above := neighbours(g.seen, size)
	if above < 0 || (below >= 0 && size-below <= above-size) {
		return &g.rows[below]
	}
	return &g.rows[above]
}

// neighbours returns the highest bit of seen at or below i and the lowest at
// or above it, -1 where there is none.
func neighbours(seen uint32, i int) (below, above int) {
	below, above = bits.Len32(seen&(2<<i-1))-1, -1
	if higher := seen >> i; higher != 0 {
		above = i + bits.TrailingZeros32(higher)
	}
	return below, above
}

// predict corrects the curve at n. Measured classes are taken at their word,
// except that time never falls as n grows; a class in a gap follows the one
// below it, within what its neighbours allow.
func (r *corrections) predict(c *curve, n int) float64 {
	t := c.at(float64(n))
	if r.seen == 0 {
		return t
	}
	class := extentClass(n)
	low := r.floor(c, class)
	below, above := neighbours(r.seen, class)
	switch {
	case below == class:
		return max(low, t*float64(r.cells[class].ratio))
	case above < 0:
		return max(low, t*float64(r.cells[below].ratio))
	}
	high := c.at(firstOf(above)) * float64(r.cells[above].ratio)
	from := below
	if from < 0 {
		from = above
	}
	return max(low, min(high, t*float64(r.cells[from].ratio)))
}

// floor returns the longest time foretold for any measured class below.
func (r *corrections) floor(c *curve, class int) float64 {
	low := 0.0
	for rest := r.seen & (1<<class - 1); rest != 0; rest &= rest - 1 {
		j := bits.TrailingZeros32(rest)
		low = max(low, c.at(lastOf(j))*float64(r.cells[j].ratio))
	}
	return low
}
