package job

import (
	"errors"
	"fmt"
)

var (
	// ErrMemoryHeld: the device may still write the job's result. See
	// [HeldError].
	ErrMemoryHeld = errors.New("job: memory held by the device")
	// ErrUnavailable: the device was lost and could not be had again. The cause
	// is wrapped too. Later jobs end with it as well.
	ErrUnavailable = errors.New("job: device unavailable")
)

// HeldError ends a job whose result was being written straight to C when the
// device hung. The device may still write C, or read what the job gave it,
// until Released is closed, which may never be: do not use or free that memory
// before. errors.Is(err, ErrHung) and errors.Is(err, ErrMemoryHeld) hold.
type HeldError struct {
	Cause    error
	Released <-chan struct{}
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%v; C may still be written by the device", e.Cause)
}

// Is makes a HeldError match ErrHung and ErrMemoryHeld.
func (e *HeldError) Is(target error) bool { return target == ErrHung || target == ErrMemoryHeld }

// Unwrap returns the cause.
func (e *HeldError) Unwrap() error { return e.Cause }
