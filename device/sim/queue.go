package sim

import (
	"fmt"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
)

// queue runs tasks in order. It has a goroutine only while tasks are pending.
type queue struct {
	device  *Device
	inner   device.Queue  // nil when nothing is computed
	closing chan struct{} // closed by Close
	worker  sync.WaitGroup

	// Of the worker alone.
	end  time.Time // when the last task ended on the device
	lost bool      // a hang was broken by Close

	mu      sync.Mutex
	pending []task
	free    time.Time // when the host is through with what was committed
	running bool      // a worker runs or is about to
	closed  bool
}

// task is a batch with everything decided that Commit decides.
type task struct {
	batch     *device.Batch
	fault     Fault
	time      time.Duration
	committed time.Time       // or when the host was through; zero for an instant task
	begun     chan struct{}   // closed when Begun has returned, nil if it is not called
	release   <-chan struct{} // ends a hang
}

// Commit runs a batch that takes no time before it returns, if nothing is
// pending; all others run on the queue's goroutine.
func (q *queue) Commit(b *device.Batch) {
	t := q.device.task(b)
	if t.fault.kind == faultPanic {
		panic(t.fault.value)
	}
	q.device.count(b)
	instant := t.time <= 0 && t.fault.kind != faultHang && q.inner == nil && q.device.config.Before <= 0
	if !instant {
		t.committed = time.Now()
	}
	switch q.accept(t, instant) {
	case refused:
		b.Done(b, device.Timing{}, fmt.Errorf("sim: commit: %w", device.ErrClosed))
	case finish:
		q.compute(t)
	case start:
		q.worker.Go(q.run)
	case queued:
	}
}

func (d *Device) count(b *device.Batch) {
	d.batches.Add(1)
	for i := range b.Stages {
		d.dispatches.Add(int64(len(b.Stages[i].Dispatches)))
	}
}

func (d *Device) task(b *device.Batch) task {
	t := task{batch: b, time: d.config.Time(b)}
	if d.config.Fault != nil {
		t.fault = d.config.Fault(b)
	}
	if t.fault.kind == faultLost {
		d.lost.Store(true)
	}
	if t.fault.kind == faultHang {
		d.mu.Lock()
		defer d.mu.Unlock()
		t.release = d.release
	}
	return t
}

type accepted uint8

const (
	refused accepted = iota // the queue is closed
	queued                  // the worker will take it
	start                   // likewise, but there is no worker yet
	finish                  // nothing is pending: finish it at once
)

func (q *queue) accept(t task, instant bool) accepted {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return refused
	case instant && !q.running:
		return finish
	}
	if q.device.config.Before > 0 {
		q.prepare(&t)
	}
	q.pending = append(q.pending, t)
	if q.running {
		return queued
	}
	q.running = true
	return start
}

// prepare is the host's part of a task.
func (q *queue) prepare(t *task) {
	if q.free.After(t.committed) {
		t.committed = q.free
	}
	t.committed = t.committed.Add(q.device.config.Before)
	q.free, t.begun = t.committed, make(chan struct{})
	b, at, begun := t.batch, t.committed, t.begun
	q.worker.Go(func() {
		time.Sleep(time.Until(at))
		if b.Begun != nil {
			b.Begun(b)
		}
		close(begun)
	})
}

func (q *queue) run() {
	for {
		t, ok := q.next()
		if !ok {
			return
		}
		if t.begun != nil {
			<-t.begun
		}
		if t.fault.kind == faultHang && !q.lost {
			select {
			case <-t.release:
			case <-q.closing:
				q.lost = true
			}
			// The device stood still: the batch's time starts now.
			t.committed = time.Now()
		}
		if q.lost {
			t.batch.Done(t.batch, device.Timing{}, fmt.Errorf("sim: queue closed while a batch hung: %w", device.ErrLost))
			continue
		}
		q.compute(t)
	}
}

func (q *queue) next() (task, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.pending) == 0 {
		q.pending, q.running = nil, false
		return task{}, false
	}
	t := q.pending[0]
	q.pending = q.pending[1:]
	return t, true
}

// compute runs a task for its time and reports it.
func (q *queue) compute(t task) {
	timing, err := device.Timing{Device: t.time}, t.fault.err
	if q.device.lost.Load() {
		t.fault = Lost()
		err = t.fault.err
	}
	if t.fault.kind != faultError && t.fault.kind != faultLost {
		if failed := q.device.addressable(t.batch); failed != nil {
			err = failed
		} else if q.inner != nil {
			timing, err = q.computeInner(t)
		}
	}
	if t.time > 0 {
		q.wait(t)
	}
	if t.batch.Profile && timing.Dispatches == nil {
		timing.Dispatches = profile(t.batch, timing.Device)
	}
	t.batch.Done(t.batch, timing, err)
}

// wait sleeps until the device, which takes up a task when it is committed
// and the task before has ended, is through with this one. So a late wake-up
// delays one batch, not all that follow.
func (q *queue) wait(t task) {
	begin := t.committed
	if q.end.After(begin) {
		begin = q.end
	}
	q.end = begin.Add(t.time)
	time.Sleep(time.Until(q.end))
}

func (q *queue) computeInner(t task) (device.Timing, error) {
	type result struct {
		timing device.Timing
		err    error
	}
	done := make(chan result, 1)
	b := q.device.resolve(t.batch)
	b.Done = func(_ *device.Batch, timing device.Timing, err error) { done <- result{timing, err} }
	q.inner.Commit(b)
	r := <-done
	if r.err == nil {
		r.err = t.fault.err
	}
	r.timing.Device = max(r.timing.Device, t.time)
	return r.timing, r.err
}

// profile shares the batch's time evenly between its dispatches.
func profile(b *device.Batch, total time.Duration) []time.Duration {
	n := 0
	for _, s := range b.Stages {
		n += len(s.Dispatches)
	}
	times := make([]time.Duration, n)
	for i := range times {
		times[i] = total / time.Duration(n)
	}
	return times
}

// Close ends hangs and waits for everything that was committed.
func (q *queue) Close() error {
	q.mu.Lock()
	closed := q.closed
	q.closed = true
	q.mu.Unlock()
	if closed {
		return fmt.Errorf("sim: queue: %w", device.ErrClosed)
	}
	close(q.closing)
	q.worker.Wait()
	if q.inner != nil {
		return q.inner.Close()
	}
	return nil
}
