package cpu

import (
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// Waking a thread takes some microseconds: less work than this is done sooner
// by the runner alone, and blocks are made about this long.
const (
	worthSpreading = 30 * time.Microsecond
	blockTime      = 20 * time.Microsecond
)

// plan is a stage with everything looked up and checked, in memory that is
// used from stage to stage.
type plan struct {
	copies    []copying
	products  []product
	softmaxes []softmax
	packed    []packed
	runs      []cpu.Run     // of all products
	rows      []cpu.RowRun  // of all softmaxes
	time      time.Duration // what one thread would take, roughly
}

// reset forgets the stage, so that nothing keeps a caller's memory alive.
func (p *plan) reset() {
	clear(p.copies)
	clear(p.products)
	clear(p.softmaxes)
	clear(p.packed)
	clear(p.runs)
	p.copies, p.products, p.softmaxes = p.copies[:0], p.products[:0], p.softmaxes[:0]
	p.runs, p.rows, p.time = p.runs[:0], p.rows[:0], 0
}

// bind fills the plan. The error is a *device.KernelError for the first thing
// that does not fit together.
func (p *plan) bind(copies []device.Copy, dispatches []device.Dispatch) error {
	for i := range copies {
		if err := p.bindCopy(&copies[i]); err != nil {
			return &device.KernelError{Kernel: copyKernel, Cause: err}
		}
	}
	for i := range dispatches {
		if kernel, err := p.bindDispatch(&dispatches[i]); err != nil {
			return &device.KernelError{Kernel: kernel, Cause: err}
		}
	}
	return nil
}

func (p *plan) bindCopy(c *device.Copy) error {
	if err := checkCopy(c); err != nil {
		return err
	}
	p.addCopy(c.Dst.View, c.Src.View)
	return nil
}

func (p *plan) bindDispatch(d *device.Dispatch) (kernel string, err error) {
	line, ok := d.Pipeline.(*pipeline)
	switch {
	case !ok || line == nil:
		return "none", fmt.Errorf("cpu: a pipeline that this device did not compile: %T", d.Pipeline)
	case (d.Matmul != nil) != (line.matmul != nil) || (d.Softmax != nil) != (line.softmax != nil):
		return line.key.Kernel, fmt.Errorf("cpu: bindings that are not the kernel's: matmul %t, softmax %t", d.Matmul != nil, d.Softmax != nil)
	case d.Matmul != nil:
		err = checkMatmul(line.key, d.Matmul)
	default:
		err = checkSoftmax(line.key, d.Softmax)
	}
	if err != nil {
		return line.key.Kernel, err
	}
	if d.Matmul != nil {
		p.addProduct(line, d.Matmul)
	} else {
		p.addSoftmax(line, d.Softmax)
	}
	return "", nil
}

// split adds the plan's blocks to a job. The plan must not change until the
// job is done.
func (p *plan) split(j *job, threads int) {
	for i := range p.copies {
		j.add(&p.copies[i], p.copies[i].split(threads))
	}
	for i := range p.products {
		if w := &p.products[i]; !w.isLarge() { // those come later
			j.add(w, w.split(threads))
		}
	}
	for i := range p.softmaxes {
		j.add(&p.softmaxes[i], p.softmaxes[i].split(threads))
	}
}

// atRate returns how long n units of work take at some units a nanosecond.
func atRate(n, rate float64) time.Duration {
	return time.Duration(min(n/rate, float64(time.Hour)))
}
