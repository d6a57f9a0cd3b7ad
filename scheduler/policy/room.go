package policy

import "time"

// Room reports whether the device has room for another batch. An idle device
// always has. A busy one has only when fewer than depth batches are in flight
// and the work left in them would run out before another could be handed
// over, so that batches bind late and grow large.
func Room(inflight int, predictedRemaining, handover time.Duration, depth int) bool {
	if inflight <= 0 {
		return true
	}
	return inflight < depth && predictedRemaining < handover
}
