//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/metallic-sched/metallic-sched/device"
)

// carriers is the most batches that are on their way at a time. More of them
// only take memory.
const carriers = 4

// worker does the parts of a batch. gather may be called for several batches at
// a time; start is called in their order, one at a time, and so is finish.
type worker interface {
	gather(t *task) // copies what no other batch touches meanwhile
	start(t *task)  // gives the GPU its work
	finish(t *task) device.Timing
	release() // after the last batch
}

// line is a device.Queue. A carrier is a goroutine that does all that the host
// has to do for a batch, from its copies to Done, so that none has to be woken
// for the next part. Several copy at a time; they go in order where they give
// work to the GPU, and where they end a batch.
type line struct {
	worker       worker
	given, ended *order
	done         chan struct{} // closed when all carriers have ended

	mu      sync.Mutex
	work    sync.Cond // of carriers without a batch
	room    sync.Cond // of the one that takes a batch which waits for others
	pending []*task   // committed
	active  []*task   // taken, in order
	spare   []*task   // that have ended
	taken   uint64    // how many were
	taking  bool      // a carrier takes a batch
	closed  bool      // nothing is committed any more
}

func newLine(w worker) *line {
	l := &line{worker: w, given: newOrder(), ended: newOrder(), done: make(chan struct{})}
	l.work.L, l.room.L = &l.mu, &l.mu
	var all sync.WaitGroup
	for range carriers {
		all.Go(l.carry)
	}
	go func() {
		defer close(l.done)
		all.Wait()
		w.release()
	}()
	return l
}

// Commit appends the batch and wakes a carrier. After Close the batch ends
// at once with device.ErrClosed.
func (l *line) Commit(b *device.Batch) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		b.Done(b, device.Timing{}, fmt.Errorf("cuda: commit: %w", device.ErrClosed))
		return
	}
	l.pending = append(l.pending, l.newTask(b))
	taking := l.taking
	l.mu.Unlock()
	if !taking { // who takes one wakes the next
		l.work.Signal()
	}
}

// newTask takes one that has ended, with its memory.
func (l *line) newTask(b *device.Batch) *task {
	n := len(l.spare)
	if n == 0 {
		return &task{batch: b}
	}
	t := l.spare[n-1]
	l.spare[n-1], l.spare = nil, l.spare[:n-1]
	t.batch = b
	return t
}

// Close waits for everything that was committed.
func (l *line) Close() error {
	l.mu.Lock()
	closed := l.closed
	l.closed = true
	l.mu.Unlock()
	if closed {
		return fmt.Errorf("cuda: queue: %w", device.ErrClosed)
	}
	l.work.Broadcast()
	<-l.done
	return nil
}

// carry carries batches until the queue is closed.
func (l *line) carry() {
	debug.SetPanicOnFault(true) // memory of the caller's may not be there
	for t := l.take(); t != nil; t = l.take() {
		l.worker.gather(t)
		l.given.await(t.number)
		l.worker.start(t)
		l.given.pass()
		if begun := t.batch.Begun; begun != nil {
			begun(t.batch)
		}
		l.ended.await(t.number)
		timing := l.worker.finish(t)
		l.leave()
		t.batch.Done(t.batch, timing, t.err)
		l.ended.pass()
		l.recycle(t)
	}
}

// take waits for a batch that may begin, nil for none any more.
func (l *line) take() *task {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pending) == 0 || l.taking {
		if l.closed && len(l.pending) == 0 {
			l.work.Broadcast() // they looked when something was pending
			return nil
		}
		l.work.Wait()
	}
	l.taking = true
	t := l.pending[0]
	l.pending = slices.Delete(l.pending, 0, 1)
	t.number = l.taken
	l.taken++
	l.mu.Unlock()
	t.prepare()
	l.mu.Lock()
	for t.mustWaitFor(l.active) {
		l.room.Wait()
	}
	l.active = append(l.active, t)
	l.taking = false
	if len(l.pending) > 0 {
		l.work.Signal()
	}
	return t
}

// leave takes the first batch, which has ended, out of the others' way.
func (l *line) leave() {
	l.mu.Lock()
	l.active = slices.Delete(l.active, 0, 1)
	l.mu.Unlock()
	l.room.Signal()
}

// recycle keeps a task that nobody looks at any more for another batch.
func (l *line) recycle(t *task) {
	t.clear()
	l.mu.Lock()
	l.spare = append(l.spare, t)
	l.mu.Unlock()
}
