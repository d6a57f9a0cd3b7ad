//go:build darwin || linux

package metal

import (
	"fmt"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Device is a GPU. Its methods may be called from any goroutine.
type Device struct {
	api    *mtl.API
	gpu    *mtl.Device
	info   device.Info
	memory *memory

	libraries gpu.Flights[string, mtl.Library] // by source
	pipelines gpu.Flights[specialisation, *mtl.Pipeline]
	copies    [2]*mtl.Pipeline // of elements of 4 and of 2 bytes

	lost, closed atomic.Bool
}

// Info describes the GPU.
func (d *Device) Info() device.Info { return d.info }

// NewQueue opens a Metal command queue, with a goroutine of its own that
// encodes batches and ends them.
func (d *Device) NewQueue() (device.Queue, error) {
	if err := d.usable("new queue"); err != nil {
		return nil, err
	}
	commands, err := d.gpu.NewQueue()
	if err != nil {
		return nil, fmt.Errorf("metal: new queue: %w", err)
	}
	return newQueue(d, commands), nil
}

// Close gives up what was compiled, and the GPU. What is asked of the device
// later fails with an error that wraps device.ErrClosed. A second Close does
// nothing.
func (d *Device) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	d.api.Pool(func() {
		d.pipelines.Drain(func(p *mtl.Pipeline) { p.Release() })
		d.libraries.Drain(mtl.Library.Release)
		d.memory.close()
		d.gpu.Release()
	})
	return nil
}

// usable returns why the device cannot do what it is asked for, or nil.
func (d *Device) usable(what string) error {
	switch {
	case d.closed.Load():
		return fmt.Errorf("metal: %s: %w", what, device.ErrClosed)
	case d.lost.Load():
		return fmt.Errorf("metal: %s: %w", what, device.ErrLost)
	}
	return nil
}

// copying returns the kernel that copies elements of a type.
func (d *Device) copying(dt tensor.DType) *mtl.Pipeline {
	if dt.Size() == 4 {
		return d.copies[0]
	}
	return d.copies[1]
}
