//go:build darwin || linux

package metal

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/launch"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
)

// maxAhead is the most batches that the GPU is given before they have ended.
// More of them only take memory.
const maxAhead = 8

// queue runs batches in order. Its runner, a goroutine, copies, encodes and
// commits; completion handlers only wake it.
type queue struct {
	device   *Device
	commands mtl.Queue
	done     chan struct{} // closed when the runner has ended
	woken    chan struct{} // capacity 1: there is something to look at

	mu      sync.Mutex
	pending []*task
	closed  bool

	// Of the runner alone.
	waiting  []*task // taken, in order
	running  []*task // given to the GPU, in order
	encoding encoding
	launch   launch.Launch
	vendor   vendor
}

func newQueue(d *Device, commands mtl.Queue) *queue {
	q := &queue{device: d, commands: commands, done: make(chan struct{}), woken: make(chan struct{}, 1)}
	d.memory.attach(commands)
	go q.run()
	return q
}

// Commit appends the batch and wakes the runner. After Close the batch ends
// at once with device.ErrClosed.
func (q *queue) Commit(b *device.Batch) {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		b.Done(b, device.Timing{}, fmt.Errorf("metal: commit: %w", device.ErrClosed))
		return
	}
	q.pending = append(q.pending, &task{batch: b})
	q.mu.Unlock()
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.woken <- struct{}{}:
	default: // it will look anyway
	}
}

// Close waits for everything that was committed.
func (q *queue) Close() error {
	q.mu.Lock()
	closed := q.closed
	q.closed = true
	q.mu.Unlock()
	if closed {
		return fmt.Errorf("metal: queue: %w", device.ErrClosed)
	}
	q.wake()
	<-q.done
	return nil
}

func (q *queue) run() {
	defer close(q.done)
	debug.SetPanicOnFault(true)
	for !q.work() {
		<-q.woken
	}
	q.device.api.Pool(func() {
		q.vendor.close()
		q.device.memory.detach(q.commands)
		q.commands.Release()
	})
}

// work does all that can be done now. It says whether nothing will ever come
// again.
func (q *queue) work() (ended bool) {
	for more := true; more; {
		// A pool for each step: a busy queue has no pause to drain one in.
		q.device.api.Pool(func() { more, ended = q.step() })
	}
	return ended
}

// step ends or starts a batch, if one may be. more says whether it did.
func (q *queue) step() (more, ended bool) {
	closed := q.take()
	switch {
	case len(q.running) > 0 && q.complete(q.running[0]):
		q.finish(q.running[0])
		q.running[0], q.running = nil, q.running[1:]
	case len(q.waiting) > 0 && q.mayStart(q.waiting[0]):
		q.start(q.waiting[0])
		q.running = append(q.running, q.waiting[0])
		q.waiting[0], q.waiting = nil, q.waiting[1:]
	default:
		return false, closed && len(q.running) == 0 && len(q.waiting) == 0
	}
	return true, false
}

// take fetches what was committed, and says whether that was the last.
func (q *queue) take() (closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, q.pending...)
	clear(q.pending)
	q.pending = q.pending[:0]
	return q.closed
}

// complete says whether the GPU is through with a task.
func (q *queue) complete(t *task) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return t.left == 0
}
