//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// finish waits for the GPU, and does what comes after its work.
func (q *queue) finish(t *task) (timing device.Timing) {
	q.enter()
	defer q.leave()
	if len(t.events) > 0 {
		if err := q.wait(t); err != nil && !errors.Is(t.err, device.ErrLost) {
			t.err = q.device.failed(kernelNames(t.batch), err)
		}
		if t.err == nil {
			timing, t.err = q.times(t)
		}
	}
	if err := q.device.usable("batch"); err != nil && !errors.Is(t.err, device.ErrLost) {
		t.err = err // whatever it would have been
	}
	if t.err == nil {
		t.err = t.land()
	}
	q.recycle(t)
	for _, b := range t.staging {
		b.Free()
	}
	timing.Device += t.processor
	timing.Host = t.processor
	return timing
}

// wait waits for the end of a batch's work. Where that has no mark, it waits for
// everything in the stream: until then the GPU may use the batch's memory.
func (q *queue) wait(t *task) error {
	if !t.marked {
		return q.stream.Wait()
	}
	return t.events[len(t.events)-1].Wait()
}

// recycle keeps a batch's events for others, the end until the next batch has
// ended.
func (q *queue) recycle(t *task) {
	n := len(t.events)
	if n == 0 {
		return
	}
	if q.last != nil {
		t.events = append(t.events, q.last)
	}
	q.last = nil
	if t.marked {
		q.last = t.events[n-1]
		t.events = slices.Delete(t.events, n-1, n)
	}
	q.events.give(t.events)
}

// times reads the events.
func (q *queue) times(t *task) (timing device.Timing, err error) {
	n := len(t.events)
	if timing.Device, err = t.events[n-1].Since(t.events[0]); err != nil {
		return timing, q.device.failed("event", err)
	}
	q.device.busy.Add(int64(timing.Device))
	if q.last != nil {
		if idle, err := t.events[0].Since(q.last); err == nil {
			q.device.idle.Add(int64(idle))
		}
	}
	for i := 1; i+1 < n-1; i += 2 {
		d, err := t.events[i+1].Since(t.events[i])
		if err != nil {
			return timing, q.device.failed("event", err)
		}
		timing.Dispatches = append(timing.Dispatches, d)
	}
	return timing, nil
}

// land copies to the caller's memory what arrived.
func (t *task) land() (err error) {
	start := time.Now()
	defer func() { t.processor += time.Since(start) }()
	defer recovered(copyKernel, &err)
	for _, l := range t.landing {
		tensor.Copy(l.to, l.from)
	}
	return nil
}
