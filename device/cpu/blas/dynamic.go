//go:build darwin || (linux && (amd64 || arm64))

package blas

import "github.com/ebitengine/purego"

// dynamic opens libraries as the C library's dlopen does.
type dynamic struct{}

func (dynamic) open(name string) (uintptr, error) {
	// Local, because a process may hold several BLAS with the same symbols.
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

func (dynamic) symbol(handle uintptr, name string) (uintptr, error) {
	return purego.Dlsym(handle, name)
}

func (dynamic) bind(fn any, address uintptr) { purego.RegisterFunc(fn, address) }
