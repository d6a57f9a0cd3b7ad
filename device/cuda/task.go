//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"slices"
	"time"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// task is a batch on its way, its carrier's.
type task struct {
	batch  *device.Batch
	number uint64 // of the batches of the queue
	steps  gpu.Steps
	err    error

	// The pinned buffers that are touched by the copies before the GPU's work,
	// by the batch at all, by the copies after it.
	before, all, after []device.Buffer
	transfers          transfers // of twins

	events    []*driver.Event // the start, around each dispatch if profiled, the end
	staging   []*buffer       // until the batch has ended
	landing   []landing
	processor time.Duration // how long the processor copied
}

// landing is a copy to the caller's memory, from where the GPU's data arrive.
type landing struct {
	to   tensor.View
	from tensor.View
}

// prepare looks at the batch before it starts.
func (t *task) prepare() {
	if t.err = t.steps.Split(t.batch); t.err != nil {
		return
	}
	for i := range t.steps.Before {
		t.before = appendPinned(appendPinned(t.before, t.steps.Before[i].Dst.Buffer), t.steps.Before[i].Src.Buffer)
	}
	for i := range t.steps.After {
		t.after = appendPinned(appendPinned(t.after, t.steps.After[i].Dst.Buffer), t.steps.After[i].Src.Buffer)
	}
	t.all = append(append(t.all, t.before...), t.after...)
	for i := range t.steps.Stages {
		s := &t.steps.Stages[i]
		for j := range s.Copies {
			t.transfers.copy(&s.Copies[j])
		}
		for j := range s.Dispatches {
			t.transfers.dispatch(&s.Dispatches[j])
		}
	}
	for _, b := range t.transfers.pinned {
		t.all = appendPinned(t.all, b)
	}
}

// clear makes a task that has ended ready for another batch. It keeps memory of
// its own and nothing of the batch's.
func (t *task) clear() {
	t.steps.Clear()
	for _, all := range []*[]device.Buffer{&t.before, &t.all, &t.after} {
		clear(*all)
		*all = (*all)[:0]
	}
	clear(t.landing)
	clear(t.staging)
	clear(t.events)
	t.transfers.clear()
	*t = task{
		steps: t.steps, before: t.before, all: t.all, after: t.after, transfers: t.transfers,
		events: t.events[:0], staging: t.staging[:0], landing: t.landing[:0],
	}
}

func appendPinned(to []device.Buffer, b device.Buffer) []device.Buffer {
	if b == nil || b.Space() == device.SpaceDevice || slices.Contains(to, b) {
		return to
	}
	return append(to, b)
}

// mustWaitFor says whether earlier batches must end before this one may start:
// the processor's copies on either side touch the same pinned memory.
func (t *task) mustWaitFor(earlier []*task) bool {
	for _, e := range earlier {
		if share(t.before, e.all) || share(t.all, e.after) {
			return true
		}
	}
	return false
}

func share(as, bs []device.Buffer) bool {
	return slices.ContainsFunc(as, func(a device.Buffer) bool { return slices.Contains(bs, a) })
}

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
		if err := q.mark(t); t.err == nil {
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

// finish waits for the GPU, and does what comes after its work.
func (q *queue) finish(t *task) (timing device.Timing) {
	q.enter()
	defer q.leave()
	if n := len(t.events); n > 0 {
		if err := t.events[n-1].Wait(); err != nil && !errors.Is(t.err, device.ErrLost) {
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
	return timing
}

// recycle keeps a batch's events for others, the last until the next batch has
// ended.
func (q *queue) recycle(t *task) {
	n := len(t.events)
	if n == 0 {
		return
	}
	if q.last != nil {
		t.events = append(t.events, q.last)
	}
	q.last = t.events[n-1]
	q.events.give(slices.Delete(t.events, n-1, n))
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

// kernelNames names the kernels of a batch, for errors.
func kernelNames(b *device.Batch) string {
	var names []string
	for i := range b.Stages {
		for j := range b.Stages[i].Dispatches {
			if name := kernelName(&b.Stages[i].Dispatches[j]); !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return copyKernel
	}
	all := names[0]
	for _, name := range names[1:] {
		all += "+" + name
	}
	return all
}

// within returns an address in a buffer's pinned memory.
func within(b *buffer, bytes int) unsafe.Pointer { return unsafe.Add(b.host.host, bytes) }
