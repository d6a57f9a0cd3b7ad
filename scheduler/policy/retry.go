package policy

import "time"

// The bounds of RetryAfter: as often as batches end, and as long as a caller
// should believe a measurement.
const (
	RetryLeast = 100 * time.Microsecond
	RetryMost  = 5 * time.Second
)

// RetryAfter estimates when what was refused will fit: excess is by how much
// it exceeds the limit, perSecond how much was given back lately. It lies
// between RetryLeast and RetryMost, or is 0 when there is nothing to go by.
func RetryAfter(excess int64, perSecond float64) time.Duration {
	if excess <= 0 || !(perSecond > 0) { // NaN is not known either
		return 0
	}
	wait := float64(excess) / perSecond * float64(time.Second)
	switch {
	case wait >= float64(RetryMost):
		return RetryMost
	case wait <= float64(RetryLeast):
		return RetryLeast
	}
	return time.Duration(wait)
}
