package driver

import "fmt"

// LibraryError is a library that a variable of the environment names and that cannot
// be used.
type LibraryError struct {
	Variable, Path string
	Err            error // why not
}

func (e *LibraryError) Error() string {
	return fmt.Sprintf("%s is %q, which cannot be used: %v; allowed: a library's file name or path", e.Variable, e.Path, e.Err)
}

// Unwrap returns why the library cannot be used.
func (e *LibraryError) Unwrap() error { return e.Err }
