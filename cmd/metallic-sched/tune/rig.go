package tune

import (
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/reference"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// rig is a device with one queue, used from one goroutine.
type rig struct {
	device  device.Device
	info    device.Info
	queue   device.Queue
	kernels *device.Cache
	numbers *reference.Numbers // in operands
}

// mostKernels is more than there are.
const mostKernels = 1 << 14

func newRig(d device.Device) (*rig, error) {
	q, err := d.NewQueue()
	if err != nil {
		return nil, fmt.Errorf("tune: open command queue: %w", err)
	}
	return &rig{
		device: d, info: d.Info(), queue: q, kernels: device.NewCache(d, mostKernels), numbers: reference.NewNumbers(1),
	}, nil
}

// commit runs stages as one batch and returns the device's time of it.
func (r *rig) commit(stages ...device.Stage) (time.Duration, error) {
	timing, err := device.Await(r.queue, stages...)
	return timing.Device, err
}

func (r *rig) compile(key kernels.Key) (device.Pipeline, error) {
	p, _, err := r.kernels.Get(key)
	if err != nil {
		return nil, fmt.Errorf("tune: compile %v: %w", key, err)
	}
	return p, nil
}

// matrices returns compact matrices full of numbers on the device.
func (r *rig) matrices(dt tensor.DType, dims tensor.Dims) (device.Region, error) {
	space := device.SpaceDevice
	if r.info.HostMemory {
		space = device.SpaceShared
	}
	buffer, err := r.device.Alloc(space, dims[0]*dims[1]*dims[2]*dt.Size())
	if err != nil {
		return device.Region{}, fmt.Errorf("tune: %w", err)
	}
	there := device.In(buffer, dt, dims, 0)
	copies := []device.Copy{{Dst: there, Src: device.Host(r.numbers.View(dt, dims))}}
	if _, err := r.commit(device.Stage{Copies: copies}); err != nil {
		buffer.Free()
		return device.Region{}, fmt.Errorf("tune: %w", err)
	}
	return there, nil
}

// prepare lets the device keep a weight as its kernels like it best, as Load
// does, if it has a way of its own.
func prepare(a device.Region) {
	if p, ok := a.Buffer.(device.Preparer); ok {
		p.Prepare(a.View)
	}
}
