package actors

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// loop runs actors on one long-lived goroutine, from one queue of messages.
// protoactor's own dispatcher starts a goroutine for every wake-up, and most
// of its time goes into growing their stacks; its mailboxes lock and schedule
// for themselves. Here a message costs one lock and no allocation.
type loop struct {
	mu     sync.Mutex
	queue  []envelope
	parked bool
	closed bool
	wake   chan struct{}
	done   chan struct{}

	// Of the goroutine: what was taken from the queue and how far it has got.
	taken []envelope
	next  int

	// yields asks the loop to let other goroutines run before it goes on:
	// callers that were just told of their results are about to submit again,
	// and batches grow by waiting for them. Nobody waits when nobody runs.
	yields atomic.Bool
}

// envelope is a message on its way to a mailbox's actor.
type envelope struct {
	to      *mailbox
	message any
	system  bool
}

func newLoop() *loop {
	l := &loop{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go l.run()
	return l
}

// post queues a message, from any goroutine.
func (l *loop) post(e envelope) {
	l.mu.Lock()
	l.queue = append(l.queue, e)
	wake := l.parked
	l.parked = false
	l.mu.Unlock()
	if wake {
		l.wake <- struct{}{}
	}
}

// run delivers messages until the loop is closed and empty. A handler that
// ends the goroutine, as testing.T.FailNow does, is followed by another.
func (l *loop) run() {
	finished := false
	defer func() {
		if !finished {
			go l.run()
		}
	}()
	for l.next < len(l.taken) || l.take() {
		e := l.taken[l.next]
		l.taken[l.next] = envelope{}
		l.next++
		e.to.handle(e.message, e.system)
	}
	finished = true
	close(l.done)
}

// take waits for messages and takes all there are; false when the loop is
// closed and empty.
func (l *loop) take() bool {
	for {
		if l.yields.Load() {
			l.yields.Store(false)
			runtime.Gosched()
		}
		l.mu.Lock()
		if len(l.queue) > 0 {
			l.taken, l.queue, l.next = l.queue, l.taken[:0], 0
			l.mu.Unlock()
			return true
		}
		if l.closed {
			l.mu.Unlock()
			return false
		}
		l.parked = true
		l.mu.Unlock()
		<-l.wake
	}
}

// close ends the loop after what is queued, and waits for it.
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
