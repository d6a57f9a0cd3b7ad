package scheduler

import "errors"

// MissingError is what Shared.On returns when a device that had the operand, or was
// to have it, went meanwhile. The job is not accepted, and nobody has counted it: who
// placed it there may place it on another device, or refuses it.
type MissingError struct{ Err error } // why

func (e *MissingError) Error() string { return e.Err.Error() }

// Unwrap returns why.
func (e *MissingError) Unwrap() error { return e.Err }

// IsMissing reports whether an error wraps a MissingError.
func IsMissing(err error) bool {
	if err == nil {
		return false
	}
	var missing *MissingError
	return errors.As(err, &missing)
}
