//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Device is a GPU. Its methods may be called from any goroutine.
type Device struct {
	context      *driver.Context
	compiler     *driver.Compiler
	blas         *driver.BLAS // nil: not found
	architecture string       // sm_80, or sm_90a
	gpu          launch.GPU
	info         device.Info
	memory       *memory

	modules gpu.Flights[launch.Kernel, *functions]
	copies  [2]*functions // of elements of 4 and of 2 bytes

	lost, closed atomic.Bool
	busy, idle   atomic.Int64 // ns
}

// Info describes the GPU.
func (d *Device) Info() device.Info { return d.info }

// Busy returns for how long the queues' streams had work, and for how long they
// had none between two batches, by the GPU's clock. It counts batches that have
// ended.
func (d *Device) Busy() (busy, idle time.Duration) {
	return time.Duration(d.busy.Load()), time.Duration(d.idle.Load())
}

// NewQueue opens a stream, with goroutines of its own.
func (d *Device) NewQueue() (device.Queue, error) {
	if err := d.usable("new queue"); err != nil {
		return nil, err
	}
	var stream *driver.Stream
	err := d.context.With(func() error {
		return d.memory.retry(func() (err error) {
			stream, err = d.context.NewStream()
			return err
		}, onGPU, onHost)
	})
	if err != nil {
		return nil, fmt.Errorf("cuda: new queue: %w", d.explain(err))
	}
	return newQueue(d, stream), nil
}

// Close gives up what was compiled, and the GPU; where something still compiles, or
// a hung GPU does not let go of what was freed, that is given up later. What is asked
// of the device from now on fails with an error that wraps device.ErrClosed. A second
// Close does nothing.
func (d *Device) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	if !d.memory.chores.waitFor(freeingPatience) {
		go func() {
			d.memory.chores.wait()
			_ = d.giveUp() // nobody waits for its error
		}()
		return fmt.Errorf("cuda: close: memory that was freed is in use after %v: %w", freeingPatience, device.ErrLost)
	}
	if err := d.giveUp(); err != nil && !d.lost.Load() {
		return fmt.Errorf("cuda: close: %w", err)
	}
	return nil
}

func (d *Device) giveUp() error {
	d.modules.Drain(func(f *functions) { _ = d.context.With(f.module.Close) })
	err := d.context.With(func() error {
		d.memory.close()
		return nil
	})
	if release := d.context.Release(); err == nil {
		err = release
	}
	return err
}

// usable returns why the device cannot do what it is asked for, or nil.
func (d *Device) usable(what string) error {
	switch {
	case d.closed.Load():
		return fmt.Errorf("cuda: %s: %w", what, device.ErrClosed)
	case d.lost.Load():
		return fmt.Errorf("cuda: %s: %w", what, device.ErrLost)
	}
	return nil
}

// copying returns the kernel that copies elements of a type.
func (d *Device) copying(dt tensor.DType) *functions {
	if dt.Size() == 4 {
		return d.copies[0]
	}
	return d.copies[1]
}
