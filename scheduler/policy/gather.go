package policy

import "time"

const (
	// gatherShare is the part of a batch's time that may be spent on waiting
	// for the next of its callers to come back, gatherMost that for all of them:
	// less than what larger batches gain. Callers of another process come back
	// one after the other, as their answers are sent and their jobs are read.
	gatherShare = 32
	gatherMost  = 4
	// gatherLeast is too short for anybody to come back in.
	gatherLeast = 20 * time.Microsecond
)

// Patience is how long to wait, before the next batch is formed, for the
// callers of the one that has just ended. The zero Patience is not at all.
type Patience struct {
	Next time.Duration // for one more to come
	All  time.Duration // at most
}

// Gather returns how long to wait for the callers of a batch: who wait for one
// job before they submit the next would else be split for ever into those whom
// the device serves and those who wait, and every batch be half as large. It is
// not at all for a single caller, after a batch too short for it to matter, or
// when the device has more in its queue and is not kept waiting anyway.
func Gather(callers int, device time.Duration, depth int) Patience {
	next := device / gatherShare
	if callers < 2 || depth > 1 || next < gatherLeast {
		return Patience{}
	}
	return Patience{Next: next, All: device / gatherMost}
}
