//go:build linux && (amd64 || arm64)

package driver

import (
	"time"
	"unsafe"
)

// Stream is work for the GPU, in order.
type Stream struct {
	context *Context
	handle  uintptr
}

const streamNonBlocking = 1

// NewStream opens a stream that waits for no other.
func (c *Context) NewStream() (*Stream, error) {
	s := &Stream{context: c}
	return s, c.do(fnStreamCreate, uintptr(unsafe.Pointer(&s.handle)), streamNonBlocking)
}

// Handle is what the driver calls the stream.
func (s *Stream) Handle() uintptr { return s.handle }

// Wait waits for everything in the stream.
func (s *Stream) Wait() error { return s.context.do(fnStreamSynchronize, s.handle) }

// Close closes the stream; what is in it ends first.
func (s *Stream) Close() error { return s.context.do(fnStreamDestroy, s.handle) }

// Event is a mark in a stream, with the time when the GPU gets there.
type Event struct {
	context *Context
	handle  uintptr
}

// NewEvent returns an event that was not recorded.
func (c *Context) NewEvent() (*Event, error) {
	e := &Event{context: c}
	return e, c.do(fnEventCreate, uintptr(unsafe.Pointer(&e.handle)), 0)
}

// Record puts the event into the stream.
func (s *Stream) Record(e *Event) error { return s.context.do(fnEventRecord, e.handle, s.handle) }

// Wait waits until the GPU gets to the event. It returns what went wrong before
// it, too.
func (e *Event) Wait() error { return e.context.do(fnEventSynchronize, e.handle) }

// Since returns the time between two events that the GPU has got to.
func (e *Event) Since(start *Event) (time.Duration, error) {
	var ms float32
	err := e.context.do(fnEventElapsed, uintptr(unsafe.Pointer(&ms)), start.handle, e.handle)
	return time.Duration(float64(ms) * float64(time.Millisecond)), err
}

// Close gives the event up.
func (e *Event) Close() error { return e.context.do(fnEventDestroy, e.handle) }
