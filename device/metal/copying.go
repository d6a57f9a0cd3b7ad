//go:build darwin || linux

package metal

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// accesses returns what a batch does to buffers before and on the GPU.
func accesses(s *gpu.Steps) (all []access) {
	for i := range s.Before {
		all = appendCopy(all, &s.Before[i])
	}
	for i := range s.Stages {
		all = appendStage(all, &s.Stages[i])
	}
	return all
}

func appendStage(to []access, s *device.Stage) []access {
	for i := range s.Copies {
		to = appendCopy(to, &s.Copies[i])
	}
	for i := range s.Dispatches {
		to = appendDispatch(to, &s.Dispatches[i])
	}
	return to
}

// afterwards returns what the copies after the GPU's work do to buffers.
func afterwards(s *gpu.Steps) (all []access) {
	for i := range s.After {
		all = appendCopy(all, &s.After[i])
	}
	return all
}

// copyByProcessor copies elements. Memory that is not there, such as that of a
// mapped file that was cut short, is an error.
func copyByProcessor(c *device.Copy) (err error) {
	defer recovered(gpu.CopyKernel, &err)
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
			return r.View, &device.KernelError{Kernel: gpu.CopyKernel, Cause: errors.New("a view without memory")}
		}
		return r.View, nil
	}
	b, ok := r.Buffer.(*buffer)
	if !ok {
		return r.View, &device.KernelError{Kernel: gpu.CopyKernel, Cause: errForeign}
	}
	return r.View.Rebase(b.part.memory), nil
}

var errForeign = errors.New("a buffer or pipeline of another device")
