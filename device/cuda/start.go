//go:build linux && (amd64 || arm64)

package cuda

import "github.com/metallic-sched/metallic-sched/device"

// gather makes the copies by the processor that come before the GPU's work and
// need nothing of it.
func (q *queue) gather(t *task) {
	for i := range t.steps.Before {
		if c := &t.steps.Before[i]; t.err == nil && q.gathers(c) {
			t.err = t.copyNow(c.Dst.View, c.Src.View)
		}
	}
}

// gathers reports whether a copy goes from the caller's memory to pinned memory.
func (q *queue) gathers(c *device.Copy) bool {
	if c.Src.Buffer != nil || c.Src.View.Len() == 0 {
		return false
	}
	own, err := q.own(c.Dst.Buffer)
	return err == nil && own.space != device.SpaceDevice
}

// start does what else comes before the GPU's work and gives it that.
func (q *queue) start(t *task) {
	q.enter()
	defer q.leave()
	if err := q.device.usable("batch"); err != nil {
		t.err = err
	}
	if t.err == nil {
		t.err = q.encode(t)
	}
	if len(t.events) > 0 { // also after an error: what was begun must end
		err := q.mark(t)
		if t.marked = err == nil; t.err == nil {
			t.err = err
		}
	}
}

// begin marks the start of the GPU's work: before the first of it is given, and
// not before the processor's copies, which the GPU does not wait for.
func (q *queue) begin(t *task) error {
	if len(t.events) > 0 {
		return nil
	}
	return q.mark(t)
}

// mark records an event.
func (q *queue) mark(t *task) error {
	event, err := q.events.take()
	if err != nil {
		return q.device.failed("event", err)
	}
	t.events = append(t.events, event)
	if err := q.stream.Record(event); err != nil {
		return q.device.failed("event", err)
	}
	return nil
}
