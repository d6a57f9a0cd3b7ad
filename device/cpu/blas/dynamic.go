//go:build darwin || (linux && (amd64 || arm64))

package blas

import (
	"github.com/ebitengine/purego"

	"github.com/metallic-sched/metallic-sched/device/dynlib"
)

// dynamic opens libraries as the C library's dlopen does.
type dynamic struct{}

func (dynamic) open(name string) (uintptr, error) {
	return dynlib.Open(name)
}

func (dynamic) symbol(handle uintptr, name string) (uintptr, error) {
	return dynlib.Symbol(handle, name)
}

func (dynamic) bind(fn any, address uintptr) { purego.RegisterFunc(fn, address) }
