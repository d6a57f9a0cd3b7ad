package policy

import (
	"fmt"
	"time"
)

// Watchdog says when a batch that has not ended is taken for hung.
type Watchdog struct {
	// Floor is the least time that a batch is given. 0 or less: for ever.
	Floor time.Duration
	// Factor is how many times what was predicted a batch is given.
	Factor float64
}

// DefaultWatchdog returns a Factor of 10 over a Floor of 10 s. A false alarm
// fails jobs that would have been done; a late one only keeps them waiting.
func DefaultWatchdog() Watchdog { return Watchdog{Floor: 10 * time.Second, Factor: 10} }

// Foresight is what the cost model says of a batch.
type Foresight struct {
	Predicted time.Duration
	// Measured says that the model has seen such work; otherwise the
	// prediction is a guess.
	Measured bool
	// Surprise is how many times longer than predicted a batch has taken, the
	// worst of late.
	Surprise float64
}

const (
	// A guess may be wrong by as much as one kernel is slower than another.
	guessed = 100
	// What surprises more than this is noise in something short.
	mostSurprise = 16
)

// Patience returns how long a batch may run, 0 for without end, and why.
func (w Watchdog) Patience(f Foresight) (limit time.Duration, reason string) {
	if w.Floor <= 0 {
		return 0, "the watchdog is off"
	}
	off, why := min(max(f.Surprise, 1), mostSurprise), "as far off as of late"
	if !f.Measured {
		off, why = guessed, "never measured"
	}
	seconds := w.Factor * off * f.Predicted.Seconds()
	if seconds <= w.Floor.Seconds() {
		return w.Floor, fmt.Sprintf("at least %v", w.Floor)
	}
	limit = max(time.Duration(min(seconds, maxPrediction.Seconds())*float64(time.Second)), w.Floor)
	return limit, fmt.Sprintf("%g times the predicted %v, times %.3g: %s", w.Factor, f.Predicted, off, why)
}

// Hung decides about a batch that began some time ago. If it is not hung, look
// again after a while. late is how much later than it asked for the watchdog
// looks: when that is long the process itself stood still, and the device is
// given its time anew.
func (w Watchdog) Hung(running, late, patience time.Duration) (hung bool, again time.Duration) {
	switch {
	case patience <= 0:
		return false, w.Floor
	case late > w.Floor/2:
		return false, patience
	case running >= patience:
		return true, 0
	}
	return false, patience - running
}
