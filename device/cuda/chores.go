//go:build linux && (amd64 || arm64)

package cuda

import (
	"sync"
	"time"
)

// chores are calls of the driver that wait for all that the GPU was given, whosever it
// is, as cuMemFree and cublasDestroy may: who frees a buffer or closes a queue must not
// wait for others' batches, least of all for one that hangs. A goroutine does them in
// order while there are any. The zero chores has none.
type chores struct {
	mu   sync.Mutex
	list []func()
	busy bool
}

// add has fn called soon.
func (c *chores) add(fn func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, fn)
	if !c.busy {
		c.busy = true
		go c.work()
	}
}

func (c *chores) work() {
	for fn := c.next(); fn != nil; fn = c.next() {
		fn()
	}
}

// next takes the first, nil for none any more.
func (c *chores) next() func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.list) == 0 {
		c.list, c.busy = nil, false
		return nil
	}
	fn := c.list[0]
	c.list[0], c.list = nil, c.list[1:]
	return fn
}

// wait returns when all that were added before are done.
func (c *chores) wait() { <-c.mark() }

// waitFor is wait for so long; it reports whether they are done.
func (c *chores) waitFor(limit time.Duration) bool {
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-c.mark():
		return true
	case <-late.C:
		return false
	}
}

// mark returns what is closed when all that were added before are done.
func (c *chores) mark() <-chan struct{} {
	done := make(chan struct{})
	c.mu.Lock()
	busy := c.busy
	c.mu.Unlock()
	if !busy {
		close(done)
		return done
	}
	c.add(func() { close(done) })
	return done
}
