package actors

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// loop runs actors on one long-lived goroutine. protoactor's own dispatcher
// starts a goroutine for every wake-up and most of its time goes into growing
// their stacks. It implements actor.Dispatcher.
type loop struct {
	mu     sync.Mutex
	queue  []func()
	parked bool
	closed bool
	wake   chan struct{}
	done   chan struct{}

	// yields asks the loop to let other goroutines run before it goes on:
	// callers that were just told of their results are about to submit again,
	// and batches grow by waiting for them. Nobody waits when nobody runs.
	yields atomic.Bool
}

func newLoop() *loop {
	l := &loop{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go l.run()
	return l
}

// Schedule runs fn on the loop, after what was scheduled before.
func (l *loop) Schedule(fn func()) {
	l.mu.Lock()
	l.queue = append(l.queue, fn)
	wake := l.parked
	l.parked = false
	l.mu.Unlock()
	if wake {
		l.wake <- struct{}{}
	}
}

// Throughput is how many messages an actor may handle before it yields.
func (l *loop) Throughput() int { return 256 }

func (l *loop) run() {
	defer close(l.done)
	var batch []func()
	for {
		l.mu.Lock()
		if len(l.queue) == 0 {
			if l.closed {
				l.mu.Unlock()
				return
			}
			l.parked = true
			l.mu.Unlock()
			<-l.wake
			continue
		}
		if l.yields.Load() {
			l.mu.Unlock()
			l.yields.Store(false)
			runtime.Gosched()
			continue
		}
		batch, l.queue = l.queue, batch[:0]
		l.mu.Unlock()
		for i, fn := range batch {
			batch[i] = nil
			fn()
		}
	}
}

// close ends the loop after what is scheduled, and waits for it.
func (l *loop) close() {
	l.mu.Lock()
	l.closed = true
	wake := l.parked
	l.parked = false
	l.mu.Unlock()
	if wake {
		l.wake <- struct{}{}
	}
	<-l.done
}
