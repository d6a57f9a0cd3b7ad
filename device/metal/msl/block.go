package msl

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
	"unsafe"
)

// block is memory that goes to another process as one piece: a buffer, or
// several that overlap.
type block struct {
	data    []byte // as it goes and comes
	begin   uintptr
	buffers []bound
}

// bound is a buffer of a block.
type bound struct {
	index, offset int
	memory        []byte
}

// blocksOf copies buffers into blocks. Those that share a byte share a block.
func blocksOf(buffers map[int][]byte) []block {
	var list []bound
	for _, i := range slices.Sorted(maps.Keys(buffers)) {
		if len(buffers[i]) > 0 {
			list = append(list, bound{index: i, memory: buffers[i]})
		}
	}
	address := func(b bound) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b.memory))) }
	slices.SortStableFunc(list, func(a, b bound) int { return cmp.Compare(address(a), address(b)) })
	var out []block
	var end uintptr
	for _, b := range list {
		if len(out) == 0 || address(b) >= end {
			out = append(out, block{begin: address(b)})
		}
		last := &out[len(out)-1]
		b.offset = int(address(b) - last.begin)
		last.buffers = append(last.buffers, b)
		end = max(end, address(b)+uintptr(len(b.memory)))
		last.data = slices.Grow(last.data, int(end-last.begin)-len(last.data))[:end-last.begin]
		copy(last.data[b.offset:], b.memory)
	}
	return out
}

// scatter copies the block back to its buffers.
func (b block) scatter() {
	for _, m := range b.buffers {
		copy(m.memory, b.data[m.offset:])
	}
}

// encode writes a job as runtime/serve.h reads it.
func (j *Job) encode(blocks []block) []byte {
	out := make([]byte, 8)
	word := func(n int) { out = binary.LittleEndian.AppendUint64(out, uint64(n)) }
	bytes := func(b []byte) {
		word(len(b))
		out = append(out, b...)
	}
	bytes(append([]byte(j.Kernel), 0))
	word(int(j.Schedule.order))
	word(int(j.Schedule.seed))
	for _, n := range append(j.Groups[:], j.Threads[:]...) {
		word(n)
	}
	word(len(j.Constants))
	for _, i := range slices.Sorted(maps.Keys(j.Constants)) {
		word(i)
		bytes(j.Constants[i])
	}
	word(len(j.Threadgroup))
	for _, i := range slices.Sorted(maps.Keys(j.Threadgroup)) {
		word(i)
		word(j.Threadgroup[i])
	}
	word(len(blocks))
	count := 0
	for _, b := range blocks {
		bytes(b.data)
		count += len(b.buffers)
	}
	word(count)
	for i, b := range blocks {
		for _, m := range b.buffers {
			word(m.index)
			word(i)
			word(m.offset)
			word(len(m.memory))
		}
	}
	binary.LittleEndian.PutUint64(out, uint64(len(out)-8))
	return out
}
