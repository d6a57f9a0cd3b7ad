package policy

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
)

const (
	// defaultScratch is for devices that do not say what they want.
	defaultScratch = 64 << 20
	// tileRows is what rows of a step are a multiple of, if there are as many.
	tileRows = 64
	// causalCuts is how many steps the rows of a causal attention are cut into,
	// of at least causalRows: half of the scores are masked, and of those all but
	// a part of one in so many are then never computed.
	causalCuts, causalRows = 8, 2 * tileRows
	// leastShare of the scratch memory is what steps are not made smaller than
	// for the sake of a causal mask.
	leastShare = 4
)

// Tile decides how much of an attention one step computes: as much as leaves
// its scores within scratch bytes. scratch 0 is for devices that do not say.
func Tile(p *kernels.Problem, scratch int) (t kernels.Tiling, reason string) {
	if scratch <= 0 {
		scratch = defaultScratch
	}
	all, row := max(p.Shape.M, 1), scoresBytes(p)
	t.Rows, reason = wholeRows(float64(scratch)/row, all), "as many rows as have room"
	if t.Rows == all {
		reason = "all rows"
	}
	if p.Causal {
		cut := wholeRows(float64(max(causalRows, all/causalCuts)), t.Rows)
		if enough := float64(cut) * row * float64(p.Shape.Batch) * leastShare; cut < t.Rows && enough >= float64(scratch) {
			t.Rows, reason = cut, "fewer rows, to leave out more masked keys"
		}
	}
	t.Heads = int(max(1, min(float64(p.Shape.Batch), float64(scratch)/(float64(t.Rows)*row))))
	return t, fmt.Sprintf("%s: %d of %d rows and %d of %d K/V heads at a time, for scores of up to %d bytes",
		reason, t.Rows, p.Shape.M, t.Heads, p.Shape.Batch, scratch)
}

// wholeRows returns at least 1 and up to most rows, a multiple of tileRows
// where that is possible.
func wholeRows(rows float64, most int) int {
	n := int(max(1, min(rows, float64(most))))
	if n < most && n > tileRows {
		n -= n % tileRows
	}
	return n
}

// scoresBytes returns the memory of the scores of one query row and all heads
// of a group.
func scoresBytes(p *kernels.Problem) float64 {
	return float64(max(p.Group, 1)) * float64(pitch(max(p.Shape.N, 1))) * 4
}
