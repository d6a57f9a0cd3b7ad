//go:build linux && (amd64 || arm64)

package driver

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ebitengine/purego"

	"github.com/metallic-sched/metallic-sched/device/dynlib"
)

// library is a shared library and its functions, by their place in names.
type library struct {
	path      string
	variable  string // that names it; "": it was found
	handle    uintptr
	functions []uintptr
}

// find loads the library that an environment variable names, or else looks for one
// that suits in the usual files.
func find(variable string, usual, names []string, suits func(*library) bool) (*library, error) {
	file := os.Getenv(variable)
	if file == "" {
		return openFor(usual, names, suits)
	}
	l, err := load(file, names)
	if err != nil {
		return nil, &LibraryError{variable, file, err}
	}
	l.variable = variable
	return l, nil
}

// unfit returns why the library cannot be used: a *LibraryError if it was named.
func (l *library) unfit(err error) error {
	if err == nil || l.variable == "" {
		return err
	}
	return &LibraryError{l.variable, l.path, err}
}

// openFor loads the first file that is there and suits, with all functions; if
// none suits, the first that is there.
func openFor(files, names []string, suits func(*library) bool) (*library, error) {
	var first *library
	var failed []error
	for _, file := range files {
		l, err := load(file, names)
		switch {
		case err != nil:
			failed = append(failed, err)
		case suits(l):
			return l, nil
		case first == nil:
			first = l
		}
	}
	if first == nil {
		return nil, fmt.Errorf("none of %s: %w", strings.Join(files, ", "), errors.Join(failed...))
	}
	return first, nil
}

func load(file string, names []string) (*library, error) {
	handle, err := dynlib.Open(file)
	if err != nil {
		return nil, err
	}
	l := &library{path: file, handle: handle}
	for _, name := range names {
		address, err := dynlib.Symbol(handle, name)
		if err != nil {
			return nil, fmt.Errorf("%s is too old: %w", file, err)
		}
		l.functions = append(l.functions, address)
	}
	return l, nil
}

// add appends a function that the library may lack: 0 then.
func (l *library) add(name string) {
	address, err := dynlib.Symbol(l.handle, name)
	if err != nil {
		address = 0
	}
	l.functions = append(l.functions, address)
}

// call calls a function. The memory that arguments point to stays in place
// while it runs.
//
//go:uintptrescapes
func (l *library) call(function int, args ...uintptr) uintptr {
	result, _, _ := purego.SyscallN(l.functions[function], args...)
	return result & 0xffffffff
}
