package ab

import "math"

// plan says when to look at the numbers. Each look may be wrong, so all looks
// share alpha: as a part of the time is over, the same part of alpha is spent
// (Lan and DeMets 1983, with a linear spending function). The sum of the
// levels bounds the chance that any look is wrong, however they depend on each
// other. That a look comes early or late must not depend on which side is
// ahead; it depends on the clock alone.
type plan struct {
	alpha float64
	rows  int     // that are judged at each look
	next  int     // pairs before the next look
	spent float64 // of alpha
}

// growth is that of pairs from look to look: the more looks, the less alpha
// for each, the fewer, the longer what can be told goes untold.
const growth = 1.5

// look returns the level of a look after so many pairs, 0 for none. passed is
// the part of the time that is over. The last look is made in any case.
func (p *plan) look(pairs int, passed float64, last bool) float64 {
	level := p.alpha*passed - p.spent
	if !last && (pairs < p.next || leastLevel(pairs) > level/float64(p.rows)) {
		return 0 // nothing could be told
	}
	p.spent += level
	p.next = int(math.Ceil(growth * float64(pairs)))
	return level
}
