//go:build !(darwin || (linux && (amd64 || arm64)))

package msl

import "errors"

// Library stands for the one of platforms where libraries can be opened.
type Library struct{}

var errPlatform = errors.New("msl: this build opens no libraries on this platform")

// Open is not possible here.
func Open(string) (*Library, error) { return nil, errPlatform }

// Kernels returns none.
func (*Library) Kernels() []Kernel { return nil }

// Close does nothing.
func (*Library) Close() error { return errPlatform }

// Run is not possible here.
func (*Library) Run(Job) error { return errPlatform }
