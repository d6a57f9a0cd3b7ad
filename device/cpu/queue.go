package cpu

import (
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// queue runs batches in order on one goroutine, the runner.
type queue struct {
	pool *pool
	done chan struct{} // closed when the runner has ended

	committed chan struct{} // capacity 1: pending grew or closed was set

	mu      sync.Mutex
	pending []*device.Batch
	closed  bool

	// Of the runner alone.
	plan    plan
	job     job
	scratch cpu.Scratch
	space   workspace
}

func newQueue(p *pool) *queue {
	q := &queue{pool: p, done: make(chan struct{}), committed: make(chan struct{}, 1)}
	q.job.idle = make(chan struct{}, 1)
	go q.run()
	return q
}

// Commit appends the batch and wakes the runner. After Close the batch ends
// at once with device.ErrClosed.
func (q *queue) Commit(b *device.Batch) {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		b.Done(b, device.Timing{}, fmt.Errorf("cpu: commit: %w", device.ErrClosed))
		return
	}
	q.pending = append(q.pending, b)
	q.mu.Unlock()
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.committed <- struct{}{}:
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
		return fmt.Errorf("cpu: queue: %w", device.ErrClosed)
	}
	q.wake()
	<-q.done
	return nil
}

func (q *queue) run() {
	defer close(q.done)
	defer q.space.free()
	debug.SetPanicOnFault(true)
	var batches []*device.Batch
	for {
		if batches = q.take(batches); len(batches) == 0 {
			return
		}
		for i, b := range batches {
			batches[i] = nil
			timing, err := q.batch(b)
			b.Done(b, timing, err)
		}
	}
}

// take waits for batches and returns all there are, none after Close. The two
// slices change places, so that nothing is allocated.
func (q *queue) take(empty []*device.Batch) (batches []*device.Batch) {
	for closed := false; ; {
		q.mu.Lock()
		batches, closed = q.pending, q.closed
		if len(batches) > 0 || closed {
			q.pending = empty[:0]
		}
		q.mu.Unlock()
		if len(batches) > 0 || closed {
			return batches
		}
		lookOut(q.committed)
	}
}

// batch runs the stages of a batch until one fails.
func (q *queue) batch(b *device.Batch) (t device.Timing, err error) {
	start := time.Now()
	for i := range b.Stages {
		if b.Profile {
			err = q.profile(&b.Stages[i], &t)
		} else {
			err = q.stage(b.Stages[i].Copies, b.Stages[i].Dispatches)
		}
		if err != nil {
			break
		}
	}
	t.Device = time.Since(start)
	return t, err
}

// profile runs the dispatches of a stage one after another and times each.
func (q *queue) profile(s *device.Stage, t *device.Timing) error {
	if err := q.stage(s.Copies, nil); err != nil {
		return err
	}
	for i := range s.Dispatches {
		start := time.Now()
		if err := q.stage(nil, s.Dispatches[i:i+1]); err != nil {
			return err
		}
		t.Dispatches = append(t.Dispatches, time.Since(start))
	}
	return nil
}

// stage runs copies and dispatches, all at once.
func (q *queue) stage(copies []device.Copy, dispatches []device.Dispatch) error {
	defer q.plan.reset()
	if err := q.plan.bind(copies, dispatches); err != nil {
		return err
	}
	threads := q.pool.helpers + 1
	if q.plan.time < worthSpreading {
		threads = 1
	}
	q.job.reset()
	q.plan.split(&q.job, threads)
	if err := q.plan.addPacked(&q.job, &q.space, threads); err != nil {
		return err
	}
	q.pool.run(&q.job, &q.scratch, threads)
	if failed := q.job.failed.Load(); failed != nil {
		return failed
	}
	return nil
}
