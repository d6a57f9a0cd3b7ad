package scheduler

// gate is a lock that may be held while a device is waited for. It is a
// channel because whoever waits for a mutex keeps a virtual clock from going
// on.
type gate chan struct{}

func newGate() gate { return make(gate, 1) }

func (g gate) lock()   { g <- struct{}{} }
func (g gate) unlock() { <-g }
