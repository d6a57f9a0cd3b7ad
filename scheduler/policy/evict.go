package policy

import (
	"cmp"
	"slices"
	"time"
)

// Copy is an operand's copy on a device, as Evict sees it.
type Copy struct {
	Bytes   int64
	InUse   bool          // by jobs: its memory is there when they have ended
	Fresh   bool          // it came too lately to be given up; see Fresh
	Idle    time.Duration // since a job last asked for it
	Another bool          // a device that takes work has one too
}

// Claim says what room is needed for.
type Claim uint8

// The claims, from the weakest to the strongest.
const (
	ClaimSpare Claim = iota // a copy that is merely useful: takes what is idle for IdleCopy
	ClaimIdle               // takes what no job uses
	ClaimAny                // a job waits for it: takes what others use as well
)

// IdleCopy is how long a copy is not asked for until it may make room for what
// is merely useful.
const IdleCopy = time.Second

// Fresh reports whether a copy came too lately to be given up: a device that
// operands take turns on must not do nothing but load them.
func Fresh(since, took time.Duration) bool { return since < max(4*took, time.Millisecond) }

// Evict returns the copies to give up for some bytes, in order: first those that
// no job uses, of them those of which another device has one, then those not
// asked for for longest. false: that is not enough, so that none should be given
// up.
func Evict(copies []Copy, need int64, claim Claim) (victims []int, ok bool) {
	var order []int
	for i := range copies {
		if copies[i].yields(claim) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &copies[i], &copies[j]
		return cmp.Or(compareBools(a.InUse, b.InUse), compareBools(b.Another, a.Another), cmp.Compare(b.Idle, a.Idle))
	})
	for _, i := range order {
		if need <= 0 {
			break
		}
		victims = append(victims, i)
		need -= copies[i].Bytes
	}
	if need > 0 {
		return nil, false
	}
	return victims, true
}

// yields reports whether a copy may be given up for a claim.
func (c *Copy) yields(claim Claim) bool {
	switch {
	case c.Fresh:
		return false
	case claim == ClaimSpare:
		return !c.InUse && c.Idle >= IdleCopy
	case claim == ClaimIdle:
		return !c.InUse
	}
	return true
}

// compareBools puts false first.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
