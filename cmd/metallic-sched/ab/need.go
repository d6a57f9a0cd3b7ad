package ab

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Need is what is missing for a verdict.
type Need struct {
	// Visible is the least change that so many runs would show four times in
	// five; 0 if they show none, however great.
	Visible float64 `json:"visible"`
	// More is about how many more runs of each side are needed, at least if
	// Visible is 0.
	More int `json:"more"`
}

// power is how often what is there should be found.
const power = 0.8

// need estimates what is missing, given an interval of the logarithms of n
// changes at a level. The width of an interval falls as the root of n; the
// change must be told either from none or from one of edge, whichever is
// farther from what was seen.
func need(seen Interval, level float64, n int, edge float64) *Need {
	if seen.Open() {
		return &Need{More: max(1, leastValues(level)-n)}
	}
	bound := distuv.UnitNormal.Quantile(1 - level/2)
	width := (seen.High - seen.Low) / 2 * (1 + distuv.UnitNormal.Quantile(power)/bound)
	off := math.Abs(seen.Mid)
	gap := max(off, edge-off)
	ratio := width / gap
	more := int(math.Ceil(float64(n)*ratio*ratio)) - n
	return &Need{Visible: math.Expm1(width), More: max(more, (n+3)/4)}
}
