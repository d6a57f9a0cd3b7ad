package actors

import "github.com/metallic-sched/metallic-sched/device"

// The messages. All are pointers that exist already, so that sending
// allocates nothing. A batch changes its type with its stage.
type (
	// wake: an inbox has become non-empty (to a dispatcher). It is one of the
	// processor that runs the actors now, or not.
	wake struct{ near bool }
	// ready: something waits and the device was idle (to the device actor).
	ready struct{}
	// credit: fill this batch (device actor to a dispatcher).
	credit Batch
	// formed: bind this batch (dispatcher, or device actor for a retry, to a
	// kernel actor).
	formed Batch
	// bound: commit this batch, or take it back (kernel actor to device actor).
	bound Batch
	// compiled: this batch need not wait for the compiler any more (compiler to
	// device actor).
	compiled Batch
	// begun: the host has done its part of this batch (device to device actor).
	begun Batch
	// completed: the device has ended this batch (device to device actor).
	completed Batch
	// look: has a batch taken too long (the watchdog's timer to the device
	// actor).
	look struct{}
	// trouble: the device was lost, or hung, outside of a batch (to the device
	// actor).
	trouble struct {
		since int64 // what Restarts was then
		cause error
		lost  bool
	}
	// relief: after trouble what is not a batch ended well (to the device actor).
	relief struct{ since int64 }
	// revived: there is another queue, or none could be had (to the device
	// actor).
	revived struct {
		home  *Home // another device's, nil for the same
		queue device.Queue
		err   error
	}
	// shut: end everything, also what is on its way, and commit nothing more (to
	// the device actor).
	shut struct {
		stopped chan struct{} // closed when nothing more will be committed
		quiet   chan struct{} // closed when every batch has come back
		queue   device.Queue  // to be closed, set before stopped is; nil for none
	}
)

var (
	wakeUp   = &wake{}
	wakeNear = &wake{near: true}
	isReady  = &ready{}
	isLook   = &look{}
)
