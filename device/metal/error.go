//go:build darwin || linux

package metal

import (
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
)

// failed wraps the error of a command buffer with what it means for the
// device. kernel names what ran in it.
func failed(kernel string, err error) error {
	var e *mtl.Error
	if !errors.As(err, &e) || e.Domain != mtl.CommandErrors {
		return &device.KernelError{Kernel: kernel, Cause: err}
	}
	switch e.Code {
	case mtl.CodeOutOfMemory:
		return fmt.Errorf("metal: %w: %w", device.ErrOutOfMemory, err)
	case mtl.CodeDeviceRemoved, mtl.CodeAccessRevoked, mtl.CodeNotPermitted:
		return fmt.Errorf("metal: %w: %w", device.ErrLost, err)
	}
	return &device.KernelError{Kernel: kernel, Cause: err}
}
