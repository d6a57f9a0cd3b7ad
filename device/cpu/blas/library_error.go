package blas

import (
	"errors"
	"fmt"
)

// LibraryError is a library that was asked for by name and cannot be used.
type LibraryError struct {
	Name string
	Err  error // why not
}

func (e *LibraryError) Error() string {
	return fmt.Sprintf("BLAS is %q, which cannot be used: %v; allowed: a library's file name or path, or %s", e.Name, e.Err, None)
}

// Unwrap returns why the library cannot be used.
func (e *LibraryError) Unwrap() error { return e.Err }

// Check returns the *LibraryError of a name that Find finds nothing for. To ask
// for none, or for what there is, is always right.
func Check(name string) error {
	_, err := Find(name)
	if named := (*LibraryError)(nil); errors.As(err, &named) {
		return named
	}
	return nil
}
