//go:build darwin || linux

package mtl

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// MaxBytes is the most that SetBytes takes.
const MaxBytes = 4096

// Encoder is an MTLComputeCommandEncoder whose dispatches may overlap unless a
// barrier stands between them. It belongs to one goroutine.
type Encoder struct{ object }

// dispatchConcurrent is MTLDispatchTypeConcurrent.
const dispatchConcurrent = 1

// NewEncoder opens an encoder. It needs an autorelease pool; the encoder
// outlives it and must be ended with End before the next one is opened and
// before Commit.
func (c *CommandBuffer) NewEncoder() (*Encoder, error) {
	o := c.api.send.idUint(c.id, c.api.sel[selComputeCommandEncoder], dispatchConcurrent)
	if o == 0 {
		return nil, &Error{Op: "encoder", Text: "Metal made none"}
	}
	c.api.send.id(o, c.api.sel[selRetain])
	return &Encoder{object{c.api, o}}, nil
}

// SetPipeline chooses the kernel of the dispatches that follow.
func (e *Encoder) SetPipeline(p *Pipeline) {
	purego.SyscallN(e.api.msgSend, uintptr(e.id), uintptr(e.api.sel[selSetComputePipelineState]), uintptr(p.id))
}

// SetBuffer binds a buffer, from an offset in bytes on.
func (e *Encoder) SetBuffer(b Buffer, offset, index int) {
	purego.SyscallN(e.api.msgSend, uintptr(e.id), uintptr(e.api.sel[selSetBuffer]), uintptr(b.id), uintptr(offset), uintptr(index))
}

// SetBytes binds a copy of data, 1 to MaxBytes bytes.
func (e *Encoder) SetBytes(data []byte, index int) {
	if len(data) == 0 || len(data) > MaxBytes {
		panic(fmt.Sprintf("mtl: %d bytes for SetBytes; allowed are 1 to %d", len(data), MaxBytes))
	}
	purego.SyscallN(e.api.msgSend, uintptr(e.id), uintptr(e.api.sel[selSetBytes]),
		uintptr(unsafe.Pointer(unsafe.SliceData(data))), uintptr(len(data)), uintptr(index))
}

// SetThreadgroupMemory gives the dispatches that follow so many bytes, a
// multiple of 16, for a threadgroup argument.
func (e *Encoder) SetThreadgroupMemory(bytes, index int) {
	purego.SyscallN(e.api.msgSend, uintptr(e.id), uintptr(e.api.sel[selSetThreadgroupMemoryLength]), uintptr(bytes), uintptr(index))
}

// Dispatch starts the kernel on a grid of threadgroups, each of threads. None
// of the numbers may be 0.
//
// Sizes are structures of 24 bytes: arm64 passes them by reference, amd64 on
// the stack, behind the four registers that they leave empty.
func (e *Encoder) Dispatch(groups, threads Size) {
	self, s := uintptr(e.id), uintptr(e.api.sel[selDispatchThreadgroups])
	if runtime.GOARCH == "arm64" {
		purego.SyscallN(e.api.msgSend, self, s, uintptr(unsafe.Pointer(&groups)), uintptr(unsafe.Pointer(&threads)))
		return
	}
	purego.SyscallN(e.api.msgSend, self, s, 0, 0, 0, 0,
		uintptr(groups.Width), uintptr(groups.Height), uintptr(groups.Depth),
		uintptr(threads.Width), uintptr(threads.Height), uintptr(threads.Depth))
}

// barrierBuffers is MTLBarrierScopeBuffers.
const barrierBuffers = 1

// Barrier makes the dispatches that follow wait for those before and see what
// they wrote to buffers.
func (e *Encoder) Barrier() {
	purego.SyscallN(e.api.msgSend, uintptr(e.id), uintptr(e.api.sel[selMemoryBarrier]), barrierBuffers)
}

// End ends and releases the encoder.
func (e *Encoder) End() {
	e.api.send.void(e.id, e.api.sel[selEndEncoding])
	e.Release()
}
