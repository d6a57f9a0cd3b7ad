//go:build darwin || linux

package metal

import (
	"fmt"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/launch"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
)

const (
	// argumentChunk is the least bytes of a buffer for long arguments.
	argumentChunk = 64 << 10
	// argumentAlign suits every GPU's constant memory.
	argumentAlign = 256
)

// bind binds the buffers and bytes of a start.
func (e *encoding) bind(l *launch.Launch) error {
	for _, b := range [...]struct {
		buffer device.Buffer
		index  int
	}{
		{l.A, launch.BufferA},
		{l.B, launch.BufferB},
		{l.C, launch.BufferC},
		{l.Bias, launch.BufferBias},
	} {
		if b.buffer == nil {
			continue
		}
		own, err := e.own(b.buffer)
		if err != nil {
			return err
		}
		e.encoder.SetBuffer(own.part.metal, 0, b.index)
	}
	for _, b := range [...]struct {
		bytes []byte
		index int
	}{
		{l.Arguments, launch.BufferArguments},
		{l.Runs, launch.BufferRuns},
		{l.Biases, launch.BufferBiases},
	} {
		if err := e.bindBytes(b.bytes, b.index); err != nil {
			return err
		}
	}
	return nil
}

// own returns a buffer if it is the device's.
func (e *encoding) own(b device.Buffer) (*buffer, error) {
	if own, ok := b.(*buffer); ok && own.memory == e.queue.device.memory {
		return own, nil
	}
	return nil, errForeign
}

// bindBytes binds a copy of data.
func (e *encoding) bindBytes(data []byte, index int) error {
	if len(data) == 0 {
		return nil
	}
	if len(data) <= mtl.MaxBytes {
		e.encoder.SetBytes(data, index)
		return nil
	}
	b, offset, err := e.place(data)
	if err != nil {
		return fmt.Errorf("arguments of %d bytes: %w", len(data), err)
	}
	e.encoder.SetBuffer(b.part.metal, offset, index)
	return nil
}

// place copies data to a buffer that the batch keeps to its end.
func (e *encoding) place(data []byte) (b *buffer, offset int, err error) {
	t := e.task
	offset = (t.placed + argumentAlign - 1) / argumentAlign * argumentAlign
	if n := len(t.arguments); n > 0 && offset+len(data) <= t.arguments[n-1].part.size {
		b = t.arguments[n-1]
	} else {
		fresh, err := e.queue.device.Alloc(device.SpaceShared, max(argumentChunk, len(data)))
		if err != nil {
			return nil, 0, err
		}
		b, offset = fresh.(*buffer), 0
		t.arguments = append(t.arguments, b)
	}
	t.placed = offset + len(data)
	copy(unsafe.Slice((*byte)(b.part.memory), b.part.size)[offset:], data)
	return b, offset, nil
}
