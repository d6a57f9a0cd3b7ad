package server

import (
	"sync"
	"time"
)

// visitors counts the streams that a closing server waits for.
type visitors struct {
	mu     sync.Mutex
	inside int
	closed bool
	empty  chan struct{} // made by wait
}

// enter counts one more; false when there shall be no more.
func (v *visitors) enter() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.closed {
		v.inside++
	}
	return !v.closed
}

func (v *visitors) leave() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.inside--; v.inside == 0 && v.empty != nil {
		close(v.empty)
	}
}

// wait lets nobody in any more and returns when all have left, or after a time:
// a client that does not read its answers keeps its stream. It is called once.
func (v *visitors) wait(patience time.Duration) {
	v.mu.Lock()
	v.closed, v.empty = true, make(chan struct{})
	if v.inside == 0 {
		close(v.empty)
	}
	v.mu.Unlock()
	select {
	case <-v.empty:
	case <-time.After(patience):
	}
}
