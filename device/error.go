package device

import (
	"errors"
	"fmt"
)

// The errors every backend uses; they are wrapped with what happened.
//
// After ErrLost every batch ends with it, and only Free and Close are of use.
// ErrBroken is why such a device cannot be opened again: only another process can.
var (
	ErrUnavailable = errors.New("device: not available on this machine")
	ErrOutOfMemory = errors.New("device: out of memory")
	ErrLost        = errors.New("device: lost")
	ErrBroken      = errors.New("device: broken for this process; start the program again")
	ErrClosed      = errors.New("device: closed")
	ErrUnsupported = errors.New("device: kernel not supported")
)

// KernelError says that a kernel failed or panicked while a batch ran.
type KernelError struct {
	Kernel string
	Cause  any
}

func (e *KernelError) Error() string {
	return fmt.Sprintf("device: kernel %s failed: %v", e.Kernel, e.Cause)
}

// Recovered returns the error of a kernel that panicked. Memory that is not there
// is a *MemoryError.
func Recovered(kernel string, cause any) *KernelError {
	if gone := Fault(cause); gone != nil {
		cause = gone
	}
	return &KernelError{Kernel: kernel, Cause: cause}
}

// Unwrap returns the cause if it is an error.
func (e *KernelError) Unwrap() error {
	err, _ := e.Cause.(error)
	return err
}
