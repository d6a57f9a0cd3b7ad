package actors

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
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
	_      line

	// Of the owner: what was taken from the queue and how far it has got.
	taken []envelope
	next  int
	// news is what a lent owner tells callers when it has released the loop,
	// nil for the loop's goroutine, which tells at once.
	news *job.Settlement
	// breath is how long others ran before a lent owner came, 0 for not at all.
	breath time.Duration
	rest   int32 // how many times others were not let run after that
	_      line

	// yields asks to let other goroutines run before the next batch is formed:
	// callers that were just told of their results are about to submit again,
	// and batches grow by waiting for them. Nobody waits when nobody runs.
	yields atomic.Bool
	// rests counts the times left not to do so, because it did not pay.
	rests atomic.Int32
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
	owned := l.owned
	l.owned = true
	l.mu.Unlock()
	if !owned {
		l.wake <- struct{}{}
	}
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
		for !l.release() {
			if l.yields.Load() {
				l.yields.Store(false)
				_ = l.breathe()
			}
			if !l.take() { // nothing left, and closed
				finished = true
				close(l.done)
				return
			}
			for l.next < len(l.taken) {
				l.deliver()
			}
		}
	}
}

// take reports whether there is a message to deliver.
func (l *loop) take() bool {
	if l.next < len(l.taken) {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken, l.queue, l.next = l.queue, l.taken[:0], 0
	return len(l.taken) > 0
}

// deliver delivers one message.
func (l *loop) deliver() {
	e := l.taken[l.next]
	l.taken[l.next] = envelope{}
	l.next++
	e.to.handle(e.message, e.system)
}

// release gives up the ownership if nothing is left to deliver. That of a
// closed loop stays, for its goroutine to end on.
func (l *loop) release() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next < len(l.taken) || len(l.queue) > 0 || l.closed {
		return false
	}
	l.owned = false
	return true
}

// tell wakes the callers of a settlement, now or soon. Only the owner may call
// it.
func (l *loop) tell(s *job.Settlement) {
	if l.news != nil {
		s.MoveTo(l.news)
		return
	}
	l.flush(s)
}

// flush wakes the callers of a settlement and returns how many.
func (l *loop) flush(s *job.Settlement) (callers int) {
	if callers = s.Flush(); callers > 1 {
		l.yields.Store(true)
	}
	return callers
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
