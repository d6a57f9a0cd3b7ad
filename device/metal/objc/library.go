//go:build darwin || linux

package objc

import (
	"fmt"

	"github.com/ebitengine/purego"

	"github.com/metallic-sched/metallic-sched/device/dynlib"
)

// Library is a dynamic library or the binary of a framework.
type Library struct {
	path   string
	handle uintptr
}

// Open opens a library for the rest of the process's life.
func Open(path string) (Library, error) {
	handle, err := dynlib.Open(path)
	if err != nil {
		return Library{}, fmt.Errorf("objc: open %s: %w", path, err)
	}
	return Library{path, handle}, nil
}

// Symbol returns the address of a symbol of the library or of those that it
// depends on.
func (l Library) Symbol(name string) (uintptr, error) {
	address, err := dynlib.Symbol(l.handle, name)
	if err != nil {
		return 0, fmt.Errorf("objc: %s has no %s: %w", l.path, name, err)
	}
	return address, nil
}

// Function makes *fn call a C function of the library.
func (l Library) Function(name string, fn any) error {
	address, err := l.Symbol(name)
	if err != nil {
		return err
	}
	purego.RegisterFunc(fn, address)
	return nil
}
