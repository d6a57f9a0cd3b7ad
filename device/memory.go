package device

import (
	"fmt"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Space says who can address a buffer.
type Space uint8

// The memory spaces.
const (
	SpaceHost   Space = iota + 1 // host only, fit for fast transfers
	SpaceDevice                  // device only
	// SpaceShared is for both. Each side sees the other's writes at the ends of
	// a batch: the host's when they precede Commit or are the batch's own
	// copies, the device's when Done is called. A shared buffer belongs to one
	// batch at a time. A device may keep a twin of its own and copy.
	SpaceShared
)

func (s Space) String() string {
	switch s {
	case SpaceHost:
		return "host"
	case SpaceDevice:
		return "device"
	case SpaceShared:
		return "shared"
	}
	return fmt.Sprintf("space(%d)", uint8(s))
}

// Buffer is memory that a device allocated, for use with that device only.
// Alloc and Free may take milliseconds: allocate ahead and reuse. Free must
// come after the last batch that uses the buffer; freeing twice is harmless.
type Buffer interface {
	Space() Space
	Len() int
	// Pointer returns the host address, nil for SpaceDevice.
	Pointer() unsafe.Pointer
	// Free gives back the memory, which nothing uses any more. It does not wait for
	// batches: they are others'.
	Free()
}

// Preparer is what a Buffer may implement besides: it learns which matrices it
// holds for long, such as a weight that many dispatches multiply with, and may
// keep them in the layout its kernels like best, beside the original.
type Preparer interface {
	// Prepare may take as long as several copies of v. v lies in the buffer;
	// what it shows must be there and must not change until the buffer is
	// freed. Prepare is a hint: without the memory for it, dispatches read the
	// original. It may be called once, before the first batch that uses the
	// buffer.
	Prepare(v tensor.View)
}

// Region is a window of elements that a step reads or writes: a strided view
// of a device buffer or, when Buffer is nil, of host memory (the caller's). A
// dispatch may name host memory only where Info.HostMemory says so.
// The view's offset counts from the start of the buffer; its base is nil when
// the host cannot address the buffer.
type Region struct {
	Buffer Buffer
	View   tensor.View
}

// In returns a compact region of a buffer that starts at an offset in
// elements.
func In(b Buffer, dt tensor.DType, dims tensor.Dims, offset int) Region {
	return Region{Buffer: b, View: tensor.Window(b.Pointer(), b.Len(), dt, dims, tensor.Compact(dims), offset)}
}

// Host returns the region of a caller's view.
func Host(v tensor.View) Region { return Region{View: v} }
