package actors

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// loop runs actors one message at a time, from one queue. protoactor's own
// dispatcher starts a goroutine for every wake-up, and most of its time goes
// into growing their stacks; its mailboxes lock and schedule for themselves.
// Here a message costs one lock and no allocation.
//
// Whoever delivers owns the loop: its goroutine, or a goroutine that lends
// itself for a moment, which saves the wake-up of another. When nobody owns it
// nothing is queued.
type loop struct {
	mu     sync.Mutex
	queue  []envelope
	owned  bool
	closed bool
	wake   chan struct{} // gives the goroutine the ownership
	done   chan struct{}

	// Of the owner: what was taken from the queue and how far it has got.
	taken []envelope
	next  int

	// yields asks the owner to let other goroutines run before it goes on:
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

// lentMessages bounds what a goroutine that lends itself delivers.
const lentMessages = 64

func newLoop() *loop {
	l := &loop{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go l.run()
	return l
}

// post queues a message, from any goroutine. One that lends itself may be kept
// delivering for a while.
func (l *loop) post(e envelope, lend bool) {
	l.mu.Lock()
	l.queue = append(l.queue, e)
	owned := l.owned
	l.owned = true
	l.mu.Unlock()
	switch {
	case owned:
	case lend:
		l.deliverLent()
	default:
		l.wake <- struct{}{}
	}
}

// deliverLent delivers on a goroutine that is not the loop's, and leaves to
// the loop's what is too much.
func (l *loop) deliverLent() {
	rest := true // also when a handler ends the goroutine
	defer func() {
		if rest {
			l.wake <- struct{}{}
		}
	}()
	rest = !l.deliver(lentMessages)
}

// run delivers until the loop is closed and empty. A handler that ends the
// goroutine, as testing.T.FailNow does, is followed by another.
func (l *loop) run() {
	finished := false
	defer func() {
		if !finished {
			l.wake <- struct{}{}
			go l.run()
		}
	}()
	for range l.wake {
		if !l.deliver(math.MaxInt) { // closed
			break
		}
	}
	finished = true
	close(l.done)
}

// deliver delivers up to a number of messages. It returns true when it has
// given up the ownership, because nothing was left.
func (l *loop) deliver(most int) (released bool) {
	for ; most > 0; most-- {
		if l.next == len(l.taken) {
			if more, released := l.take(); !more {
				return released
			}
		}
		e := l.taken[l.next]
		l.taken[l.next] = envelope{}
		l.next++
		e.to.handle(e.message, e.system)
	}
	return false
}

// take takes all messages there are. Without any it gives up the ownership,
// except that a closed loop's remains for its goroutine to end on.
func (l *loop) take() (more, released bool) {
	if l.yields.Load() {
		l.yields.Store(false)
		runtime.Gosched()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) > 0 {
		l.taken, l.queue, l.next = l.queue, l.taken[:0], 0
		return true, false
	}
	l.owned = l.closed
	return false, !l.owned
}

// close ends the loop after what is queued, and waits for it.
func (l *loop) close() {
	l.mu.Lock()
	l.closed = true
	owned := l.owned
	l.owned = true
	l.mu.Unlock()
	if !owned {
		l.wake <- struct{}{}
	}
	<-l.done
}
