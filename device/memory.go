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
	SpaceShared                  // both, without copies
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

// Buffer is memory that a device allocated. Free must come after the last
// batch that uses it; freeing twice is harmless.
type Buffer interface {
	Space() Space
	Len() int
	// Pointer returns the host address, nil for SpaceDevice.
	Pointer() unsafe.Pointer
	Free()
}

// Region is a window of elements that a step reads or writes: a strided view
// of a device buffer or, when Buffer is nil, of host memory (the caller's).
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
