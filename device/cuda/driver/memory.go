//go:build linux && (amd64 || arm64)

package driver

import "unsafe"

// Pointer is an address in the memory of a GPU.
type Pointer uint64

// Alloc returns memory of the GPU.
func (c *Context) Alloc(bytes int) (p Pointer, err error) {
	err = c.do(fnMemAlloc, uintptr(unsafe.Pointer(&p)), uintptr(bytes))
	return p, err
}

// Free gives memory of the GPU back. It waits for what the GPU does.
func (c *Context) Free(p Pointer) error { return c.do(fnMemFree, uintptr(p)) }

// Flags of AllocHost: for all contexts, with an address for the GPU, which is
// the same.
const hostPortable, hostMapped = 1, 2

// AllocHost returns memory of the host that stays in place, for fast
// transfers. The GPU can read and write it too, slowly.
func (c *Context) AllocHost(bytes int) (p unsafe.Pointer, err error) {
	err = c.do(fnMemHostAlloc, uintptr(unsafe.Pointer(&p)), uintptr(bytes), hostPortable|hostMapped)
	return p, err
}

// FreeHost gives memory of AllocHost back.
func (c *Context) FreeHost(p unsafe.Pointer) error { return c.do(fnMemFreeHost, uintptr(p)) }

// CopyToDevice copies from pinned memory when the stream gets there.
func (s *Stream) CopyToDevice(to Pointer, from unsafe.Pointer, bytes int) error {
	return s.context.do(fnCopyToDevice, uintptr(to), uintptr(from), uintptr(bytes), s.handle)
}

// CopyToHost copies to pinned memory when the stream gets there.
func (s *Stream) CopyToHost(to unsafe.Pointer, from Pointer, bytes int) error {
	return s.context.do(fnCopyToHost, uintptr(to), uintptr(from), uintptr(bytes), s.handle)
}
