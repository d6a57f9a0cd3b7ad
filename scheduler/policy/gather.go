package policy

import "time"

const (
	// gatherShare is the part of a batch's time that may be spent on waiting
	// for its callers to come back: less than what larger batches gain.
	gatherShare = 32
	// gatherLeast is too short for anybody to come back in.
	gatherLeast = 20 * time.Microsecond
)

// Gather returns how long to wait, before the next batch is formed, for the
// callers of the one that has just ended: who wait for one job before they
// submit the next would else be split for ever into those whom the device
// serves and those who wait, and every batch be half as large. 0 is not at
// all: for a single caller, after a batch too short for it to matter, or when
// the device has more in its queue and is not kept waiting anyway.
func Gather(callers int, device time.Duration, depth int) time.Duration {
	budget := device / gatherShare
	if callers < 2 || depth > 1 || budget < gatherLeast {
		return 0
	}
	return budget
}
