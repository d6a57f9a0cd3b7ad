//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
)

// maxAhead is the most batches that the GPU is given before they have ended.
// More of them only take memory.
const maxAhead = 8

// queue runs batches in order, with a runner and a waiter.
type queue struct {
	device *Device
	stream *driver.Stream
	done   chan struct{} // closed when both have ended

	mu      sync.Mutex
	changed *sync.Cond // of what follows
	pending []*task    // committed
	running []*task    // given to the GPU, in order
	closed  bool       // nothing is committed any more
	started bool       // nothing is given to the GPU any more

	events events
	last   *driver.Event // the end of the batch before, of the waiter alone

	// Of the runner alone.
	launch launch.Launch
	mapper *driver.Mapper
	blas   *driver.Handle
}

func newQueue(d *Device, stream *driver.Stream) *queue {
	q := &queue{device: d, stream: stream, done: make(chan struct{}), events: events{context: d.context}, launch: launch.Launch{GPU: d.gpu}, mapper: d.context.NewMapper()}
	q.changed = sync.NewCond(&q.mu)
	waited := make(chan struct{})
	go func() {
		defer close(waited)
		q.onThread(q.wait)
	}()
	go func() {
		defer close(q.done)
		q.onThread(func() {
			q.run()
			<-waited
			q.release()
		})
	}()
	return q
}

// onThread gives a goroutine a thread of its own with the context. The thread
// ends with it.
func (q *queue) onThread(work func()) {
	runtime.LockOSThread()
	debug.SetPanicOnFault(true) // memory of the caller's may not be there
	if err := q.device.context.Enter(); err != nil {
		q.device.lost.Store(true) // every batch says so
	}
	work()
}

// Commit appends the batch and wakes the runner. After Close the batch ends
// at once with device.ErrClosed.
func (q *queue) Commit(b *device.Batch) {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		b.Done(b, device.Timing{}, fmt.Errorf("cuda: commit: %w", device.ErrClosed))
		return
	}
	q.pending = append(q.pending, &task{batch: b})
	q.mu.Unlock()
	q.changed.Broadcast()
}

// Close waits for everything that was committed.
func (q *queue) Close() error {
	q.mu.Lock()
	closed := q.closed
	q.closed = true
	q.mu.Unlock()
	if closed {
		return fmt.Errorf("cuda: queue: %w", device.ErrClosed)
	}
	q.changed.Broadcast()
	<-q.done
	return nil
}

// run starts batches until the queue is closed.
func (q *queue) run() {
	for {
		t := q.next()
		if t == nil {
			return
		}
		q.start(t)
		if begun := t.batch.Begun; begun != nil {
			begun(t.batch)
		}
		q.mu.Lock()
		q.running = append(q.running, t)
		q.mu.Unlock()
		q.changed.Broadcast()
	}
}

// next waits for a batch that may be given to the GPU, nil for none any more.
func (q *queue) next() *task {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.pending) == 0 {
		if q.closed {
			q.started = true
			q.changed.Broadcast()
			return nil
		}
		q.changed.Wait()
	}
	t := q.pending[0]
	q.pending[0], q.pending = nil, q.pending[1:]
	t.prepare()
	for len(q.running) >= maxAhead || t.mustWaitFor(q.running) {
		q.changed.Wait()
	}
	return t
}

// wait ends batches in order, until no more are started.
func (q *queue) wait() {
	for {
		q.mu.Lock()
		for len(q.running) == 0 {
			if q.started {
				q.mu.Unlock()
				return
			}
			q.changed.Wait()
		}
		t := q.running[0]
		q.mu.Unlock()
		timing := q.finish(t)
		q.mu.Lock()
		q.running[0], q.running = nil, q.running[1:]
		q.mu.Unlock()
		q.changed.Broadcast()
		t.batch.Done(t.batch, timing, t.err)
	}
}

// release gives up what the queue has of the driver. Where that fails, the
// device is lost.
func (q *queue) release() {
	if q.blas != nil {
		_ = q.blas.Close()
	}
	if q.last != nil {
		_ = q.last.Close()
	}
	q.events.close()
	_ = q.stream.Close()
}
