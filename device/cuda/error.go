//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/gpu"
)

// explain wraps an error of the driver's with what it means for the device,
// which it marks as lost where nothing works any more.
func (d *Device) explain(err error) error {
	var e *driver.Error
	switch {
	case lacksMemory(err):
		return fmt.Errorf("%w: %w", device.ErrOutOfMemory, err)
	case errors.Is(err, driver.ErrReleased):
		return fmt.Errorf("%w: %w", device.ErrClosed, err)
	case errors.As(err, &e) && e.Code.Sticky():
		d.lost.Store(true)
		return fmt.Errorf("%w: %w", device.ErrLost, err)
	}
	return err
}

// lacksMemory reports that the driver, or cuBLAS, had no memory.
func lacksMemory(err error) bool {
	var e *driver.Error
	var s *driver.Status
	return errors.As(err, &e) && e.Code == driver.OutOfMemory || errors.As(err, &s) && s.OutOfMemory()
}

// mayLackMemory reports that, or that cuBLAS did not start and does not say why.
func mayLackMemory(err error) bool {
	var s *driver.Status
	return lacksMemory(err) || errors.As(err, &s) && s.NotStarted()
}

// failed wraps what went wrong with a kernel.
func (d *Device) failed(kernel string, err error) error {
	err = d.explain(err)
	if errors.Is(err, device.ErrOutOfMemory) || errors.Is(err, device.ErrLost) {
		return fmt.Errorf("cuda: %s: %w", kernel, err)
	}
	return &device.KernelError{Kernel: kernel, Cause: err}
}

// recovered turns a panic into an error of a kernel.
func recovered(kernel string, err *error) {
	if cause := recover(); cause != nil {
		*err = device.Recovered(kernel, cause)
	}
}

func kernelName(d *device.Dispatch) string {
	if d.Pipeline == nil {
		return "without a pipeline"
	}
	return d.Pipeline.Key().Kernel
}

var errForeign = errors.New("a buffer or pipeline of another device")

const copyKernel = gpu.CopyKernel
