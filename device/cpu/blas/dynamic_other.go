//go:build !(darwin || (linux && (amd64 || arm64)))

package blas

import "errors"

// dynamic stands for the opening of libraries, which this platform lacks.
type dynamic struct{}

var errPlatform = errors.New("this build opens no libraries on this platform")

func (dynamic) open(string) (uintptr, error)            { return 0, errPlatform }
func (dynamic) symbol(uintptr, string) (uintptr, error) { return 0, errPlatform }
func (dynamic) bind(any, uintptr)                       {}
