package policy

import "time"

// RestartStep is what to do about a device that hung or was lost.
type RestartStep uint8

// The steps, from the least to the most.
const (
	NewQueue RestartStep = iota + 1 // on the same device
	Reopen                          // the device
	GiveUp                          // no job can run any more
)

func (s RestartStep) String() string {
	switch s {
	case NewQueue:
		return "new queue"
	case Reopen:
		return "reopen"
	case GiveUp:
		return "give up"
	}
	return "none"
}

// Trouble is what is known of a device that needs a restart.
type Trouble struct {
	// Failures counts hangs, losses and restarts in vain, this one too, since
	// a batch last ended well, or an upload where only uploads failed. At least 1.
	Failures int
	// Lost: the device said that it is lost, or would not open a queue.
	Lost bool
	// Reopens: there is a way to open the device again.
	Reopens bool
	// Broken: a restart said that only another process can (device.ErrBroken).
	Broken bool
}

const (
	// mostRestarts in a row without one batch that ends well are enough.
	mostRestarts = 8
	// firstPause doubles with every failure up to longestPause: a device that
	// dies at once must not keep the processor busy.
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
)

// Restart decides what to do, after which pause, and why.
func Restart(t Trouble) (step RestartStep, pause time.Duration, reason string) {
	switch {
	case t.Broken:
		return GiveUp, 0, "no restart helps this process"
	case t.Failures > mostRestarts:
		return GiveUp, 0, "too many restarts without a batch that ended well"
	case t.Lost && !t.Reopens && t.Failures > 1:
		return GiveUp, 0, "the device is lost and there is no way to open it again"
	}
	if t.Failures > 1 {
		pause = min(firstPause<<(t.Failures-2), longestPause)
	}
	switch {
	case t.Reopens && t.Lost:
		return Reopen, pause, "the device is lost"
	case t.Reopens && t.Failures > 1:
		return Reopen, pause, "a new queue did not help"
	}
	return NewQueue, pause, "the queue is lost"
}
