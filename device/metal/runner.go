//go:build darwin || linux

package metal

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/device"
)

// mayStart says whether the next batch may be given to the GPU while others
// run. It must wait for copies of theirs that the processor has yet to do and
// that touch what it touches; on the GPU itself Metal keeps the order.
func (q *queue) mayStart(t *task) bool {
	if len(q.running) == 0 {
		return true
	}
	if len(q.running) >= maxAhead {
		return false
	}
	if !t.split {
		t.err = t.steps.Split(t.batch)
		t.split = true
	}
	var all []access
	for _, earlier := range q.running {
		if len(earlier.steps.After) == 0 {
			continue
		}
		if all == nil {
			all = accesses(&t.steps)
		}
		if meet(all, afterwards(&earlier.steps)) {
			return false
		}
	}
	return true
}

// start does what comes before the GPU's work and gives it that. It waits for
// nothing.
func (q *queue) start(t *task) {
	if !t.split {
		t.err = t.steps.Split(t.batch)
		t.split = true
	}
	if err := q.device.usable("batch"); err != nil {
		t.err = err
	}
	if t.err == nil {
		t.err = t.copy(t.steps.Before)
	}
	if t.err == nil {
		t.err = q.encode(t)
	}
}

// finish does what comes after the GPU's work and reports the batch.
func (q *queue) finish(t *task) {
	timing := t.end()
	if errors.Is(t.err, device.ErrLost) {
		q.device.lost.Store(true)
	} else if err := q.device.usable("batch"); err != nil {
		t.err = err // whatever it would have been
	}
	if t.err == nil {
		t.err = t.copy(t.steps.After)
	}
	t.release()
	timing.Device += t.copied
	t.batch.Done(t.batch, timing, t.err)
}

// completed is called by completion handlers, on threads of Metal's.
func (q *queue) completed(t *task) {
	q.mu.Lock()
	t.left--
	q.mu.Unlock()
	q.wake()
}
