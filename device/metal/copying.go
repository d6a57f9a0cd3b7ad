//go:build darwin || linux

package metal

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// copyKernel is what a failed copy is called in errors.
const copyKernel = "copy"

// steps are the work of a batch by who does it, and when.
type steps struct {
	before []device.Copy // by the processor, before the GPU starts
	stages []stage       // by the GPU
	after  []device.Copy // by the processor, when the GPU has ended
}

// stage is what the GPU may do at the same time.
type stage struct {
	copies     []device.Copy
	dispatches []device.Dispatch
}

// split gives each copy of a batch to the processor or the GPU. Copies from
// and to the caller's memory are the processor's: before the GPU starts in the
// first stage, after it has ended in the last. In a stage that is both, those
// to the caller's memory come after.
func split(b *device.Batch) (s steps, err error) {
	last := len(b.Stages) - 1
	for i := range b.Stages {
		from := &b.Stages[i]
		to := stage{dispatches: from.Dispatches}
		for _, c := range from.Copies {
			if err := c.Check(); err != nil {
				return s, &device.KernelError{Kernel: copyKernel, Cause: err}
			}
			toBuffer, fromBuffer := c.Dst.Buffer != nil, c.Src.Buffer != nil
			switch {
			case toBuffer && fromBuffer:
				to.copies = append(to.copies, c)
			case i == 0 && (toBuffer || last > 0):
				s.before = append(s.before, c)
			case i == last:
				s.after = append(s.after, c)
			default:
				return s, &device.KernelError{Kernel: copyKernel, Cause: errMiddle}
			}
		}
		if len(to.copies) > 0 || len(to.dispatches) > 0 {
			s.stages = append(s.stages, to)
		}
	}
	return s, nil
}

var errMiddle = errors.New("a copy from or to the caller's memory in a stage that is neither the first nor the last")

// accesses returns what a batch does to buffers before and on the GPU.
func (s *steps) accesses() (all []access) {
	for i := range s.before {
		all = appendCopy(all, &s.before[i])
	}
	for i := range s.stages {
		all = s.stages[i].appendAccesses(all)
	}
	return all
}

func (s *stage) appendAccesses(to []access) []access {
	for i := range s.copies {
		to = appendCopy(to, &s.copies[i])
	}
	for i := range s.dispatches {
		to = appendDispatch(to, &s.dispatches[i])
	}
	return to
}

// afterwards returns what the copies after the GPU's work do to buffers.
func (s *steps) afterwards() (all []access) {
	for i := range s.after {
		all = appendCopy(all, &s.after[i])
	}
	return all
}

// copyByProcessor copies elements. Memory that is not there, such as that of a
// mapped file that was cut short, is an error.
func copyByProcessor(c *device.Copy) (err error) {
	defer recovered(copyKernel, &err)
	dst, err := addressable(&c.Dst)
	if err != nil {
		return err
	}
	src, err := addressable(&c.Src)
	if err != nil {
		return err
	}
	tensor.Copy(dst, src)
	return nil
}

// addressable gives the view of a region an address for the processor, which
// those of device memory do not show.
func addressable(r *device.Region) (tensor.View, error) {
	if r.Buffer == nil {
		if r.View.Len() > 0 && r.View.Base() == nil {
			return r.View, &device.KernelError{Kernel: copyKernel, Cause: errors.New("a view without memory")}
		}
		return r.View, nil
	}
	b, ok := r.Buffer.(*buffer)
	if !ok {
		return r.View, &device.KernelError{Kernel: copyKernel, Cause: errForeign}
	}
	return r.View.Rebase(b.part.memory), nil
}

var errForeign = errors.New("a buffer or pipeline of another device")
