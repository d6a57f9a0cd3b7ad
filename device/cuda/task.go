//go:build linux && (amd64 || arm64)

package cuda

import (
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
	marked    bool            // the last of events is the end; else it has none
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
