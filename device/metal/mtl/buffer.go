//go:build darwin || linux

package mtl

import (
	"fmt"
	"unsafe"
)

// PageSize is what memory for NewBufferNoCopy must be aligned to: the size of
// a page of Apple's processors, a multiple of everybody else's.
const PageSize = 16 << 10

// Buffer is an MTLBuffer in shared storage: the processor and the GPU address
// the same memory. Metal orders the uses of one buffer by different encoders.
type Buffer struct{ object }

// The MTLResourceOptions of shared storage, cached, with hazards tracked.
const sharedStorage = 0

// NewBuffer allocates at least one byte, zeroed.
func (d *Device) NewBuffer(bytes int) (b Buffer, err error) {
	if bytes <= 0 {
		return Buffer{}, fmt.Errorf("mtl: a buffer of %d bytes; at least 1", bytes)
	}
	d.api.Pool(func() {
		b, err = d.buffer(d.api.send.newBuffer(d.id, d.api.sel[selNewBufferWithLength], uint(bytes), sharedStorage), bytes)
	})
	return b, err
}

// NewBufferNoCopy makes a buffer of memory that starts at a page, is as long
// as pages are and is not Go's. The memory must stay until the buffer is
// released.
func (d *Device) NewBufferNoCopy(memory []byte) (b Buffer, err error) {
	p, n := unsafe.Pointer(unsafe.SliceData(memory)), len(memory)
	if uintptr(p)%PageSize != 0 || n%PageSize != 0 || n == 0 {
		return Buffer{}, fmt.Errorf("mtl: memory of %d bytes at %p; both must be multiples of %d", n, p, PageSize)
	}
	d.api.Pool(func() {
		b, err = d.buffer(d.api.send.newNoCopy(d.id, d.api.sel[selNewBufferWithBytesNoCopy], p, uint(n), sharedStorage, 0), n)
	})
	return b, err
}

func (d *Device) buffer(o id, bytes int) (Buffer, error) {
	if o == 0 {
		return Buffer{}, &Error{Op: fmt.Sprintf("buffer of %d bytes", bytes), Text: "Metal made none"}
	}
	return Buffer{object{d.api, o}}, nil
}

// Release gives up our reference. It brings a pool for what Metal makes when it
// frees the buffer: the caller may be on any thread.
func (b Buffer) Release() { b.api.Pool(b.object.Release) }

// Contents returns the address of the memory for the processor.
func (b Buffer) Contents() unsafe.Pointer { return b.api.send.pointer(b.id, b.api.sel[selContents]) }

// Len returns the buffer's length in bytes.
func (b Buffer) Len() int { return int(b.api.send.uint(b.id, b.api.sel[selLength])) }
