//go:build darwin || linux

package metal

import (
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
)

// task is a batch on its way. It belongs to the queue's runner, but for left.
type task struct {
	batch *device.Batch
	steps gpu.Steps // if split is set
	split bool
	err   error

	committed []committed
	left      int // command buffers that have not completed; the queue's lock guards it

	// What must stay until the batch has ended.
	arguments []*buffer
	placed    int // bytes of the last of arguments
	borrowed  []releaser

	copied time.Duration // how long the processor did
}

// committed is a command buffer that the GPU was given.
type committed struct {
	buffer   *mtl.CommandBuffer
	dispatch bool // it holds one dispatch, for its time
}

type releaser interface{ Release() }

// end collects what the GPU says when all command buffers have completed. It
// wants an autorelease pool.
func (t *task) end() (timing device.Timing) {
	var first, last time.Duration
	for i, c := range t.committed {
		if err := c.buffer.Err(); err != nil && t.err == nil {
			t.err = failed(kernelNames(t.batch), err)
		}
		start, end := c.buffer.Times()
		if i == 0 {
			first = start
		}
		last = max(last, end)
		if c.dispatch {
			timing.Dispatches = append(timing.Dispatches, max(0, end-start))
		}
		c.buffer.Release()
	}
	t.committed = nil
	timing.Device = max(0, last-first)
	return timing
}

// release lets go of what had to stay.
func (t *task) release() {
	for _, b := range t.arguments {
		b.Free()
	}
	for _, b := range t.borrowed {
		b.Release()
	}
	t.arguments, t.borrowed = nil, nil
}

// copy runs copies by the processor.
func (t *task) copy(all []device.Copy) error {
	start := time.Now()
	defer func() { t.copied += time.Since(start) }()
	for i := range all {
		if err := copyByProcessor(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

// kernelNames names the kernels of a batch, for errors.
func kernelNames(b *device.Batch) string {
	names := ""
	seen := map[string]bool{}
	for i := range b.Stages {
		for _, d := range b.Stages[i].Dispatches {
			name := kernelName(&d)
			if seen[name] {
				continue
			}
			if seen[name] = true; names != "" {
				names += "+"
			}
			names += name
		}
	}
	if names == "" {
		return gpu.CopyKernel
	}
	return names
}

func kernelName(d *device.Dispatch) string {
	if d.Pipeline == nil {
		return "without a pipeline"
	}
	return d.Pipeline.Key().Kernel
}

// recovered turns a panic into an error of a kernel.
func recovered(kernel string, err *error) {
	if cause := recover(); cause != nil {
		*err = device.Recovered(kernel, cause)
	}
}
