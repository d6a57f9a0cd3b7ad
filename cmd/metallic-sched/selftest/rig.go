package selftest

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// rig is a device with one queue, used from one goroutine.
type rig struct {
	device  device.Device
	info    device.Info
	queue   device.Queue
	kernels *device.Cache
}

// mostKernels is more than there are.
const mostKernels = 1 << 14

func openRig(open func() (device.Device, error)) (*rig, error) {
	d, err := open()
	if err != nil {
		return nil, err
	}
	q, err := d.NewQueue()
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return &rig{device: d, info: d.Info(), queue: q, kernels: device.NewCache(d, mostKernels)}, nil
}

func (r *rig) close() error { return errors.Join(r.queue.Close(), r.device.Close()) }

// commit runs stages as one batch and waits for its end.
func (r *rig) commit(stages ...device.Stage) (device.Timing, error) {
	return device.Await(r.queue, stages...)
}

func (r *rig) compile(key kernels.Key) (device.Pipeline, error) {
	p, _, err := r.kernels.Get(key)
	if err != nil {
		return nil, fmt.Errorf("compile %v: %w", key, err)
	}
	return p, nil
}

// placed is an operand with a copy of all of its memory, guards and gaps
// included, on the device.
type placed struct {
	operand *kerneltest.Operand
	buffer  device.Buffer
	region  device.Region
}

func (r *rig) place(o *kerneltest.Operand, space device.Space) (*placed, error) {
	buffer, err := r.device.Alloc(space, len(o.Memory))
	if err != nil {
		return nil, err
	}
	v := o.View
	p := &placed{operand: o, buffer: buffer, region: device.Region{
		Buffer: buffer,
		View:   tensor.Window(buffer.Pointer(), buffer.Len(), v.DType(), v.Dims(), v.Strides(), v.Offset()),
	}}
	if _, err := r.commit(copies(p.up())); err != nil {
		buffer.Free()
		return nil, err
	}
	return p, nil
}

// load puts a compact copy of an operand on the device, as the scheduler loads
// a weight: the device may keep it in the layout that its kernels like best,
// too. The region has the operand's orientation in memory.
func (r *rig) load(o *kerneltest.Operand) (device.Region, error) {
	stored := o.View
	s := stored.Strides()
	across := s[1] < s[2] // columns lie together
	if across {
		stored.Transpose()
	}
	space := device.SpaceDevice
	if r.info.HostMemory {
		space = device.SpaceShared
	}
	buffer, err := r.device.Alloc(space, stored.Len()*stored.DType().Size())
	if err != nil {
		return device.Region{}, err
	}
	region := device.In(buffer, stored.DType(), stored.Dims(), 0)
	if _, err := r.commit(copies(device.Copy{Dst: region, Src: device.Host(stored)})); err != nil {
		buffer.Free()
		return device.Region{}, err
	}
	if b, ok := buffer.(device.Preparer); ok {
		b.Prepare(region.View)
	}
	if across {
		region.View.Transpose()
	}
	return region, nil
}

func copies(c ...device.Copy) device.Stage { return device.Stage{Copies: c} }

// sides returns the whole memory on the device and here.
func (p *placed) sides() (there, here device.Region) {
	dt := p.operand.View.DType()
	dims := tensor.Dims{1, 1, len(p.operand.Memory) / dt.Size()}
	base := unsafe.Pointer(unsafe.SliceData(p.operand.Memory))
	return device.In(p.buffer, dt, dims, 0),
		device.Host(tensor.Window(base, len(p.operand.Memory), dt, dims, tensor.Compact(dims), 0))
}

func (p *placed) up() device.Copy {
	there, here := p.sides()
	return device.Copy{Dst: there, Src: here}
}

func (p *placed) down() device.Copy {
	there, here := p.sides()
	return device.Copy{Dst: here, Src: there}
}

func (p *placed) free() {
	if p != nil {
		p.buffer.Free()
	}
}

// columns returns the first n columns of an operand on the device.
func (p *placed) columns(n int) device.Region {
	region := p.region
	region.View.Columns(0, n)
	return region
}
