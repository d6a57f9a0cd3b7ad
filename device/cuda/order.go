//go:build linux && (amd64 || arm64)

package cuda

import "sync"

// order lets carriers through one at a time, by the numbers of their batches,
// which begin with 0. Numbers that are on their way at the same time are less
// than carriers apart.
type order struct {
	mu     sync.Mutex
	next   uint64
	parked [carriers]bool
	wake   [carriers]chan struct{} // for the number that waits, modulo carriers
}

func newOrder() *order {
	o := &order{}
	for i := range o.wake {
		o.wake[i] = make(chan struct{}, 1)
	}
	return o
}

// await waits until all numbers before have passed.
func (o *order) await(number uint64) {
	slot := number % carriers
	o.mu.Lock()
	waits := o.next != number
	o.parked[slot] = waits
	o.mu.Unlock()
	if waits {
		<-o.wake[slot]
	}
}

// pass lets the next number through.
func (o *order) pass() {
	o.mu.Lock()
	o.next++
	slot := o.next % carriers
	waits := o.parked[slot]
	o.parked[slot] = false
	o.mu.Unlock()
	if waits {
		o.wake[slot] <- struct{}{}
	}
}
