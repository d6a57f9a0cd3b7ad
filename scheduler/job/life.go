package job

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Outcome is how an accepted job ended.
type Outcome uint8

// The outcomes.
const (
	Done Outcome = iota + 1
	Failed
	Cancelled
	Expired
)

// Outcomes is one more than the largest Outcome, for arrays indexed by it.
const Outcomes = int(Expired) + 1

func (o Outcome) String() string {
	switch o {
	case Done:
		return "done"
	case Failed:
		return "failed"
	case Cancelled:
		return "cancelled"
	case Expired:
		return "expired"
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// phase is where a job stands. It only ever moves forward:
//
//	queued -> ended                   cancelled, expired or failed while waiting or running
//	queued -> held -> ended           its memory is being written
//	queued -> held -> marked -> ended cancelled or expired meanwhile
type phase = uint32

const (
	queued phase = iota
	held         // the scheduler may be writing the job's memory
	marked       // held, and its fate is sealed: see Life.fate
	ended        // and published once waiters is noMore
)

// Life is the state machine of one accepted job. Whatever happens, it ends
// once: the compare-and-swap that ends it also gives back its admission lease
// and wakes whoever waits.
//
// All methods may be called from any goroutine; Init and Reset must not race
// with others.
type Life struct {
	phase   atomic.Uint32
	outcome Outcome
	err     error
	fate    atomic.Pointer[verdict] // set before marked
	waiters atomic.Pointer[waiter]
	first   waiter // Await's
	group   *Group
	lease   Lease
}

type verdict struct {
	outcome Outcome
	err     error
}

// Init gives the life its lease and its group, nil for none, before the job is
// handed over.
func (l *Life) Init(lease Lease, g *Group) { l.lease, l.group = lease, g }

// Join moves the life to another group, nil for none, before the job is handed
// over.
func (l *Life) Join(g *Group) { l.group = g }

// OnEnd has f called once when the job has ended, at once if it has already.
// f must not block. If it panics, the process ends.
func (l *Life) OnEnd(f func()) {
	if !l.await(&waiter{call: f}) {
		f()
	}
}

// Reset makes an ended life ready for another Init.
func (l *Life) Reset() {
	*l = Life{first: waiter{ch: l.first.ch}}
}

// Pending reports whether the job is still wanted: not ended, nor marked.
func (l *Life) Pending() bool { return l.phase.Load() <= held }

// Ended reports whether the job has ended.
func (l *Life) Ended() bool { return l.waiters.Load() == noMore }

// Result returns how an ended job ended.
func (l *Life) Result() (Outcome, error) {
	if !l.Ended() {
		return 0, nil
	}
	return l.outcome, l.err
}

// Hold claims the job so that its memory may be written: from now on only
// Release ends it. It returns false if the job has ended.
func (l *Life) Hold() bool { return l.phase.CompareAndSwap(queued, held) }

// End ends a job that is not held and reports whether it did. A held job is
// marked instead: it ends with this outcome when the holder lets go.
func (l *Life) End(o Outcome, err error) bool {
	if l.end(queued, o, err) {
		return true
	}
	if l.phase.Load() == held {
		l.fate.CompareAndSwap(nil, &verdict{o, err}) // the first to mark decides
		l.phase.CompareAndSwap(held, marked)
	}
	return false
}

// Release ends a held job. One that was marked meanwhile takes that outcome,
// unless it failed.
func (l *Life) Release(o Outcome, err error) {
	if l.end(held, o, err) {
		return
	}
	if v := l.fate.Load(); v != nil && o != Failed {
		o, err = v.outcome, v.err
	}
	l.end(marked, o, err)
}

// end moves from one phase to the end.
func (l *Life) end(from phase, o Outcome, err error) bool {
	if !l.seal(from, o, err) {
		return false
	}
	l.lease.end(o)
	g := l.group // the life may be reused once it is published
	l.publish()
	g.ended(1)
	return true
}

// seal wins the right to end the job and writes how. The winner must publish.
func (l *Life) seal(from phase, o Outcome, err error) bool {
	if !l.phase.CompareAndSwap(from, ended) {
		return false
	}
	l.outcome, l.err = o, err
	return true
}

// publish shows the outcome, in one step after which the life may be reused,
// and wakes those who wait.
func (l *Life) publish() {
	for w := l.waiters.Swap(noMore); w != nil; {
		next := w.next // the waiter may be reused once it is told
		w.tell()
		w = next
	}
}

// waiter is one place in the list of those to wake: a goroutine's, or a
// function to call.
type waiter struct {
	next      *waiter
	ch        chan struct{}
	broadcast bool
	call      func()
}

// noMore heads the list of an ended job.
var noMore = &waiter{}

var waiters = sync.Pool{New: func() any { return &waiter{ch: make(chan struct{}, 1)} }}

func (w *waiter) tell() {
	switch {
	case w.call != nil:
		callOut(w.call)
	case w.broadcast:
		close(w.ch)
	default:
		w.ch <- struct{}{}
	}
}

// callOut calls a function of the caller's from wherever its job has ended. If it
// does not return, the process ends, as with any goroutine's panic: whoever called
// this may recover what panics in it, and would leave others' jobs behind.
func callOut(f func()) {
	returned := false
	defer func() {
		if returned {
			return
		}
		cause := recover()
		if cause == nil {
			cause = "runtime.Goexit"
		}
		dying := fmt.Errorf("job: a function given to OnEnd panicked: %v\n\n%s", cause, debug.Stack())
		go func() { panic(dying) }()
		select {}
	}()
	f()
	returned = true
}

// await adds w to the list; false if the job has ended already.
func (l *Life) await(w *waiter) bool {
	for {
		head := l.waiters.Load()
		if head == noMore {
			return false
		}
		w.next = head
		if l.waiters.CompareAndSwap(head, w) {
			return true
		}
	}
}
