//go:build linux && (amd64 || arm64)

package cuda

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
)

// encode gives the GPU its part of a batch. The stream keeps the order, so that
// stages need nothing between them.
func (q *queue) encode(t *task) (err error) {
	defer recovered(kernelNames(t.batch), &err)
	for i := range t.steps.Before {
		if q.gathers(&t.steps.Before[i]) {
			continue
		}
		if err := q.bring(t, &t.steps.Before[i]); err != nil {
			return err
		}
	}
	if err := q.begin(t); err != nil {
		return err
	}
	if err := q.up(&t.transfers); err != nil {
		return err
	}
	for i := range t.steps.Stages {
		if err := q.encodeStage(t, &t.steps.Stages[i]); err != nil {
			return err
		}
	}
	if err := q.down(&t.transfers); err != nil {
		return err
	}
	for i := range t.steps.After {
		if err := q.fetch(t, &t.steps.After[i]); err != nil {
			return err
		}
	}
	return nil
}

func (q *queue) encodeStage(t *task, s *device.Stage) error {
	for i := range s.Copies {
		if err := q.copy(&s.Copies[i]); err != nil {
			return err
		}
	}
	for i := range s.Dispatches {
		if err := q.markIf(t, t.batch.Profile); err != nil {
			return err
		}
		if err := q.dispatch(t, &s.Dispatches[i]); err != nil {
			return q.device.failed(kernelName(&s.Dispatches[i]), err)
		}
		if err := q.markIf(t, t.batch.Profile); err != nil {
			return err
		}
	}
	return nil
}

func (q *queue) markIf(t *task, profiled bool) error {
	if !profiled {
		return nil
	}
	return q.mark(t)
}

// copy copies between buffers, with a kernel.
func (q *queue) copy(c *device.Copy) error {
	l := &q.launch
	empty, err := l.Copy(c)
	if err == nil && !empty {
		err = q.launchKernel(nil, q.device.copying(c.Src.View.DType()), l)
	}
	if err != nil {
		return q.device.failed(copyKernel, err)
	}
	return nil
}

func (q *queue) dispatch(t *task, d *device.Dispatch) error {
	p, ok := d.Pipeline.(*pipeline)
	if !ok || p.device != q.device {
		return errForeign
	}
	if p.vendor && d.Matmul != nil {
		return q.multiply(t, p, d.Matmul)
	}
	l := &q.launch
	empty, err := l.Dispatch(p.launch, d)
	if err != nil || empty {
		return err
	}
	return q.launchKernel(t, p.functions, l)
}

// launchKernel starts a kernel, after its tables were transferred.
func (q *queue) launchKernel(t *task, f *functions, l *launch.Launch) error {
	var at launch.Addresses
	for _, b := range [...]struct {
		buffer device.Buffer
		to     *uint64
	}{{l.A, &at.A}, {l.B, &at.B}, {l.C, &at.C}, {l.Bias, &at.Bias}} {
		if b.buffer == nil {
			continue
		}
		own, err := q.own(b.buffer)
		if err != nil {
			return err
		}
		*b.to = own.address()
	}
	if n := len(l.Runs) + len(l.Biases); n > 0 {
		tables, err := q.table(t, l.Runs, l.Biases)
		if err != nil {
			return err
		}
		at.Runs, at.Biases = tables, tables+uint64(aligned(len(l.Runs)))
	}
	if l.Mapped {
		if err := q.mapOperands(l, at); err != nil {
			return err
		}
	}
	return q.device.memory.retry(func() error { // the driver may need memory for it
		return q.stream.Launch(f.byName[l.Entry], l.Grid.Blocks, l.Grid.Threads, l.Shared, l.Parameter(at))
	}, onGPU, onHost)
}

// mapOperands has the driver describe A and B. What it cannot is brought to the
// kernel another way, if there is one.
func (q *queue) mapOperands(l *launch.Launch, at launch.Addresses) error {
	for i, first := range [...]uint64{at.A, at.B} {
		m := &l.Maps[i]
		if !m.Used {
			continue
		}
		err := q.mapper.Encode((*[16]uint64)(l.Encoded(i)), driver.Pointer(first)+driver.Pointer(m.First), m.Dims, m.Strides, m.Box)
		if m.Used = err == nil; m.Needed && err != nil {
			return err
		}
	}
	return nil
}

// aligned is the place of one table after another.
func aligned(bytes int) int { return (bytes + 63) &^ 63 }

// table transfers tables to the GPU and returns their address.
func (q *queue) table(t *task, runs, biases []byte) (uint64, error) {
	b, err := q.device.alloc(device.SpaceShared, aligned(len(runs))+len(biases))
	if err != nil {
		return 0, err
	}
	t.staging = append(t.staging, b)
	memory := unsafe.Slice((*byte)(b.host.host), b.length)
	copy(memory, runs)
	copy(memory[aligned(len(runs)):], biases)
	return b.address(), q.stream.CopyToDevice(driverPointer(b, 0), b.host.host, b.length)
}
