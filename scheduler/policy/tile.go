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
	// causalCuts is how many steps the rows of a causal attention are cut into
	// where that leaves steps large enough: half of the scores are masked, and
	// of those all but a part of one in so many are then never computed.
	causalCuts = 8
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
	s := &p.Shape
	row := scoresBytes(p) // of one query row of a K/V head
	rows := max(s.M, 1)
	if most := whole(int(float64(scratch)/row), rows); rows > most {
		rows = most
	}
	why := "all rows"
	if rows < s.M {
		why = "fewer rows"
	}
	if cut := whole((s.M+causalCuts-1)/causalCuts+tileRows-1, rows); p.Causal && cut < rows &&
		float64(cut)*row*float64(s.Batch) >= float64(scratch)/leastShare {
		rows, why = cut, "causal: masked keys are left out"
	}
	heads := 1
	if rows == s.M || p.Causal {
		heads = max(1, min(s.Batch, int(float64(scratch)/(float64(rows)*row))))
	}
	return kernels.Tiling{Heads: heads, Rows: rows},
		fmt.Sprintf("%s: %d of %d rows of %d of %d heads, for %d bytes of scores", why, rows, s.M, heads, s.Batch, scratch)
}

// whole rounds rows down to a multiple of tileRows, if there are as many, and
// into 1 to most.
func whole(rows, most int) int {
	rows = min(rows, most)
	if rows < most && rows > tileRows {
		rows -= rows % tileRows
	}
	return max(rows, 1)
}

// scoresBytes returns the memory of the scores of one query row and all heads
// of a group.
func scoresBytes(p *kernels.Problem) float64 {
	return float64(max(p.Group, 1)) * float64(max(p.Shape.N, 1)) * 4
}

