package server

import (
	"fmt"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// book remembers the jobs of one session by their ids, so that none is run
// twice: those that run, and of those that ended a bounded number for a bounded
// time.
type book struct {
	limits *Limits
	owner  sharer
	kept   *keeping // bounds the results in the books of all sessions
	keeps  holder   // this book among them; guarded by kept.mu

	mu      sync.Mutex
	entries map[uint64]*entry
	ended   []*entry // in the order in which they ended, from head on
	head    int
	dropped int    // results of those before are dropped
	floor   uint64 // the caller is done with jobs up to this id
	evicted uint64 // the largest id of an ended job that was forgotten otherwise
	epoch   uint64 // counts the session's streams
}

func newBook(limits *Limits, owner sharer, kept *keeping) *book {
	b := &book{limits: limits, owner: owner, kept: kept, entries: map[uint64]*entry{}}
	b.keeps.book = b
	return b
}

// begin returns the epoch of a new stream. Messages that come late by an older
// one open nothing any more: their jobs have come by the new one, and may have
// been forgotten since. Which of two is newer is what the server saw: the Hello of
// a connection that broke may be read after that of the one that replaced it.
func (b *book) begin() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.epoch++
	return b.epoch
}

// visit is how jobs come to a book.
type visit struct {
	epoch    uint64 // of a stream; 0 for a call
	fresh    bool   // the session is a new one
	listener listener
}

// stale reports whether a newer stream has begun than the one of an epoch.
func (b *book) stale(epoch uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return epoch != b.epoch
}

// open adds the entries of a message's jobs to a list: new ones that must be run or
// refused, and nil for a job that has one. Then it tells the listener what is known.
// Nothing is told by a stream that is stale. It is done at once, or a group that comes
// again by another stream meanwhile would be two.
func (b *book) open(jobs []*pb.Job, v visit, list []*entry) []*entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	stale := v.epoch != 0 && v.epoch != b.epoch
	for _, m := range jobs {
		var e *entry
		if !stale {
			e = b.enter(m.GetId(), m.GetRetry(), v)
		}
		list = append(list, e)
	}
	return list
}

func (b *book) enter(id uint64, retry bool, v visit) *entry {
	l := v.listener
	if e, ok := b.entries[id]; ok {
		e.listener = l
		if e.done {
			l.tell(e.answer)
		}
		return nil
	}
	if id <= b.floor || retry && (v.fresh || id <= b.evicted) {
		l.tell(answer{id: id, err: job.ErrOutcomeUnknown})
		return nil
	}
	e := &entry{book: b, listener: l, answer: answer{id: id}}
	b.entries[id] = e
	return e
}

// refuse takes entries out that were never run: they may be tried again. It is done at
// once, like open.
func (b *book) refuse(err error, entries ...*entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		e.refused(err)
	}
}

// abandon ends those of a message's entries that neither run nor were refused, because
// of a panic. What had been submitted may run: it is never run again.
func (b *book) abandon(entries []*entry, submitted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		switch {
		case e == nil || e.done || e.handle != job.Handle{}:
		case submitted:
			e.finish(fmt.Errorf("%w: the server panicked", job.ErrOutcomeUnknown))
		default:
			e.refused(errPanic)
		}
	}
}

// errPanic is of what did not get done for a panic.
var errPanic = fmt.Errorf("%w: the server panicked", job.ErrFailed)

// keep remembers a job that has ended, and forgets older ones beyond the limit.
func (b *book) keep(e *entry) {
	b.ended = append(b.ended, e)
	b.kept.add(b, int64(len(e.answer.data)))
	for len(b.ended)-b.head > b.limits.KeptJobs {
		b.pop(true)
	}
}

// pay forgets the oldest result, if it is still this book's turn.
func (b *book) pay() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.dropped = max(b.dropped, b.head); b.dropped < len(b.ended) && b.kept.payer() == b; b.dropped++ {
		b.drop(b.ended[b.dropped])
	}
}

// drop forgets a result.
func (b *book) drop(e *entry) {
	if n := len(e.answer.data); n > 0 {
		b.kept.add(b, -int64(n))
		e.answer.data = nil
		e.answer.err = fmt.Errorf("%w: its result was dropped for want of room", job.ErrOutcomeUnknown)
	}
}

// pop forgets the job that ended first.
func (b *book) pop(wanted bool) {
	e := b.ended[b.head]
	b.ended[b.head] = nil
	if b.head++; b.head > len(b.ended)/2 {
		n := copy(b.ended, b.ended[b.head:])
		clear(b.ended[n:])
		b.ended, b.head, b.dropped = b.ended[:n], 0, max(b.dropped-b.head, 0)
	}
	if wanted {
		b.evicted = max(b.evicted, e.answer.id)
	}
	b.kept.add(b, -int64(len(e.answer.data)))
	delete(b.entries, e.answer.id)
}

// forget drops all jobs up to an id. Those that still run are not wanted.
func (b *book) forget(id uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if id <= b.floor {
		return
	}
	b.floor = id
	for b.head < len(b.ended) && b.ended[b.head].answer.id <= id {
		b.pop(false)
	}
}

// expire drops what ended before a time.
func (b *book) expire(before time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.head < len(b.ended) && b.ended[b.head].at.Before(before) {
		b.pop(true)
	}
}

// cancel ends jobs that run.
func (b *book) cancel(ids []uint64) {
	for _, id := range ids {
		b.mu.Lock()
		e := b.entries[id]
		b.mu.Unlock()
		if e != nil {
			e.cancel(job.ErrCancelled)
		}
	}
}

// leave stops telling a listener, and returns how many jobs still run for it.
func (b *book) leave(l listener) (running int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.entries {
		if e.listener == l {
			e.listener = nil
			if !e.done {
				running++
			}
		}
	}
	return running
}

// close cancels what runs and forgets everything.
func (b *book) close(cause error) {
	b.mu.Lock()
	var running []*entry
	for _, e := range b.entries {
		if !e.done {
			running = append(running, e)
		}
	}
	for _, e := range b.ended[b.head:] {
		b.kept.add(b, -int64(len(e.answer.data)))
	}
	clear(b.entries)
	b.ended, b.head, b.dropped = nil, 0, 0
	b.mu.Unlock()
	for _, e := range running {
		e.cancel(cause)
	}
}
