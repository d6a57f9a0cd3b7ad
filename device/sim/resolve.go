package sim

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// addressable checks that kernels of a discrete device are given only memory
// that they can address. Copies may go anywhere.
func (d *Device) addressable(b *device.Batch) error {
	if !d.config.Discrete {
		return nil
	}
	for _, s := range b.Stages {
		for _, dispatch := range s.Dispatches {
			for _, r := range regions(dispatch) {
				if !r.View.IsZero() && (r.Buffer == nil || r.Buffer.Space() == device.SpaceHost) {
					return &device.KernelError{
						Kernel: dispatch.Pipeline.Key().Kernel,
						Cause:  fmt.Errorf("sim: a kernel was given host memory: %v", r.View.Dims()),
					}
				}
			}
		}
	}
	return nil
}

func regions(d device.Dispatch) []device.Region {
	if m := d.Matmul; m != nil {
		return append([]device.Region{m.A, m.B, m.C}, m.Biases...)
	}
	if s := d.Softmax; s != nil {
		return []device.Region{s.X, s.Y}
	}
	return nil
}

// resolve copies a batch for the inner device, with every region as plain
// host memory.
func (d *Device) resolve(b *device.Batch) *device.Batch {
	inner := *b
	inner.Stages = make([]device.Stage, len(b.Stages))
	for i, s := range b.Stages {
		s.Copies, s.Dispatches = slices.Clone(s.Copies), slices.Clone(s.Dispatches)
		for j, c := range s.Copies {
			s.Copies[j] = device.Copy{Dst: host(c.Dst), Src: host(c.Src)}
		}
		for j, dispatch := range s.Dispatches {
			s.Dispatches[j] = resolveDispatch(dispatch)
		}
		inner.Stages[i] = s
	}
	return &inner
}

func resolveDispatch(d device.Dispatch) device.Dispatch {
	if d.Matmul != nil {
		m := *d.Matmul
		m.A, m.B, m.C = host(m.A), host(m.B), host(m.C)
		m.Biases = slices.Clone(m.Biases)
		for i, r := range m.Biases {
			m.Biases[i] = host(r)
		}
		d.Matmul = &m
	}
	if d.Softmax != nil {
		s := *d.Softmax
		s.X, s.Y = host(s.X), host(s.Y)
		d.Softmax = &s
	}
	return d
}

// host gives a region in device memory its hidden host address. Regions over
// other buffers already have theirs.
func host(r device.Region) device.Region {
	b, ok := r.Buffer.(*buffer)
	if !ok || r.View.IsZero() {
		return r
	}
	v := r.View
	base := unsafe.Pointer(unsafe.SliceData(b.memory))
	return device.Host(tensor.Window(base, len(b.memory), v.DType(), v.Dims(), v.Strides(), v.Offset()))
}
