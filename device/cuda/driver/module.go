//go:build linux && (amd64 || arm64)

package driver

import "unsafe"

// Module is machine code on a GPU.
type Module struct {
	context *Context
	handle  uintptr
}

// Function is an entry point of a module.
type Function struct{ handle uintptr }

// LoadModule loads machine code, at least a byte.
func (c *Context) LoadModule(image []byte) (*Module, error) {
	m := &Module{context: c}
	return m, c.do(fnModuleLoad, uintptr(unsafe.Pointer(&m.handle)), uintptr(unsafe.Pointer(&image[0])))
}

// Close unloads the module. Nothing of it may run.
func (m *Module) Close() error { return m.context.do(fnModuleUnload, m.handle) }

const attributeDynamicShared = 8

// Function returns an entry point, which may be launched with so many bytes of
// dynamic shared memory.
func (m *Module) Function(name string, shared int) (f Function, err error) {
	text := append([]byte(name), 0)
	err = m.context.do(fnModuleFunction, uintptr(unsafe.Pointer(&f.handle)), m.handle, uintptr(unsafe.Pointer(&text[0])))
	if err == nil && shared > 0 {
		err = m.context.do(fnFunctionSetAttribute, f.handle, attributeDynamicShared, uintptr(shared))
	}
	return f, err
}

// Launch starts a function with one parameter, a structure, which is copied.
func (s *Stream) Launch(f Function, grid, block [3]int, shared int, parameter unsafe.Pointer) error {
	parameters := [1]unsafe.Pointer{parameter}
	return s.context.do(fnLaunch, f.handle,
		uintptr(grid[0]), uintptr(grid[1]), uintptr(grid[2]), uintptr(block[0]), uintptr(block[1]), uintptr(block[2]),
		uintptr(shared), s.handle, uintptr(unsafe.Pointer(&parameters)), 0)
}
