//go:build darwin || linux

package metal

import (
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/device/metal/launch"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
)

// encoding is a batch that is being encoded. Its command buffers and encoders
// are opened when there is something to put in. A queue uses the same again and
// again.
type encoding struct {
	queue   *queue
	task    *task
	buffer  *mtl.CommandBuffer // nil: none is open
	encoder *mtl.Encoder       // nil: none is open
	vendor  bool               // something in the batch is for the vendor library
	hazards hazards
	stage   []access // of the stage that is being encoded
}

// encode encodes and commits the GPU's part of a batch. It needs an autorelease
// pool.
func (q *queue) encode(t *task) (err error) {
	e := &q.encoding
	e.queue, e.task, e.vendor = q, t, usesVendor(&t.steps)
	e.hazards.open = e.hazards.open[:0]
	defer e.abandon() // what an error or a panic leaves open
	defer recovered(kernelNames(t.batch), &err)
	for i := range t.steps.Stages {
		if err := e.encodeStage(&t.steps.Stages[i]); err != nil {
			return err
		}
	}
	e.commit(false)
	return nil
}

func (e *encoding) encodeStage(s *device.Stage) error {
	e.stage = appendStage(e.stage[:0], s)
	if e.hazards.enter(e.stage) && e.encoder != nil {
		e.encoder.Barrier()
	}
	for i := range s.Copies {
		if err := e.encodeCopy(&s.Copies[i]); err != nil {
			return &device.KernelError{Kernel: gpu.CopyKernel, Cause: err}
		}
	}
	for i := range s.Dispatches {
		if e.task.batch.Profile {
			e.commit(false)
		}
		if err := e.encodeDispatch(&s.Dispatches[i]); err != nil {
			return failedDispatch(&s.Dispatches[i], err)
		}
		if e.task.batch.Profile {
			e.commit(true)
		}
	}
	return nil
}

func failedDispatch(d *device.Dispatch, err error) error {
	if errors.Is(err, device.ErrOutOfMemory) {
		return err
	}
	return &device.KernelError{Kernel: kernelName(d), Cause: err}
}

func (e *encoding) encodeCopy(c *device.Copy) error {
	l := &e.queue.launch
	empty, err := l.Copy(c)
	if err != nil || empty {
		return err
	}
	return e.start(e.queue.device.copying(c.Src.View.DType()), l)
}

func (e *encoding) encodeDispatch(d *device.Dispatch) error {
	p, ok := d.Pipeline.(*pipeline)
	if !ok || p.device != e.queue.device {
		return errForeign
	}
	if p.vendor && d.Matmul != nil {
		return e.encodeVendor(p, d.Matmul)
	}
	l := &e.queue.launch
	empty, err := l.Dispatch(p.launch, d)
	if err != nil || empty {
		return err
	}
	return e.start(p.state, l)
}

// start encodes one start of a kernel.
func (e *encoding) start(state *mtl.Pipeline, l *launch.Launch) error {
	threads := l.Grid.Threads[0] * l.Grid.Threads[1] * l.Grid.Threads[2]
	if threads < 1 || threads > state.MaxThreads {
		return fmt.Errorf("%d threads in a threadgroup; allowed are 1 to %d", threads, state.MaxThreads)
	}
	if err := e.open(); err != nil {
		return err
	}
	e.encoder.SetPipeline(state)
	if err := e.bind(l); err != nil {
		return err
	}
	e.encoder.Dispatch(size(l.Grid.Groups), size(l.Grid.Threads))
	return nil
}

func size(n [3]int) mtl.Size {
	return mtl.Size{Width: uint(n[0]), Height: uint(n[1]), Depth: uint(n[2])}
}
