//go:build darwin || linux

// Package dynlib opens shared libraries as the C library's dlopen does, without cgo.
// All of it may be called from any goroutine.
package dynlib

import (
	"runtime"

	"github.com/ebitengine/purego"
)

// Open loads a library by its path, or by a file name that the system's linker finds,
// for the rest of the process's life unless purego.Dlclose is called. Its symbols are
// its own: a process may hold several BLAS with the same names. The error is what
// dlerror says.
func Open(path string) (handle uintptr, err error) {
	// dlerror tells a thread of its own calls: between the two the goroutine stays on it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

// Symbol returns the address of a symbol of a library or of those that it depends on.
func Symbol(handle uintptr, name string) (address uintptr, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return purego.Dlsym(handle, name)
}
