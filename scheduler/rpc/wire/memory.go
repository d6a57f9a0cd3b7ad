package wire

import (
	"strconv"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// Describe writes a view's type, dimensions and strides; no strides if there
// are no gaps, as in memory of its own.
func Describe(t *pb.Tensor, v *tensor.View) {
	d := v.Dims()
	t.Dtype = FromType(v.DType())
	t.Dims = append(t.Dims[:0], int64(d[0]), int64(d[1]), int64(d[2]))
	t.Strides, t.Offset = t.Strides[:0], 0
	if s := v.Strides(); s != tensor.Compact(d) {
		t.Strides = append(t.Strides, int64(s[0]), int64(s[1]), int64(s[2]))
	}
}

// Send describes a view and gives the message its elements: the memory itself
// where they lie close together, which must then stay as it is until the
// message is sent, or else a copy.
func Send(t *pb.Tensor, v *tensor.View) { SendIn(t, new(pb.Tensor_Data), v) }

// SendIn is Send with a place for the elements.
func SendIn(t *pb.Tensor, d *pb.Tensor_Data, v *tensor.View) {
	Describe(t, v)
	t.Memory = d
	n := v.Len() * v.DType().Size()
	span := Span(v)
	if span > 2*n {
		t.Strides = t.Strides[:0]
		d.Data = Elements(v)
		return
	}
	d.Data = unsafe.Slice((*byte)(v.Pointer()), span)
}

// Span returns the bytes from a view's first element to its last.
func Span(v *tensor.View) int {
	if v.Len() == 0 {
		return 0
	}
	last, d := 1, v.Dims()
	for i, s := range v.Strides() {
		last += (d[i] - 1) * s
	}
	return last * v.DType().Size()
}

// Elements returns a copy of a view's elements, row-major, without gaps.
func Elements(v *tensor.View) []byte {
	memory := Memory(v.Len() * v.DType().Size())
	tensor.Copy(Over(memory, v), *v)
	return memory
}

// Over returns a view of memory with the type and dimensions of another,
// without gaps. The memory is aligned and as large as the elements are together.
func Over(memory []byte, like *tensor.View) tensor.View {
	d := like.Dims()
	return tensor.Window(unsafe.Pointer(unsafe.SliceData(memory)), len(memory), like.DType(), d, tensor.Compact(d), 0)
}

// Memory returns n bytes that are aligned for every element type.
func Memory(n int) []byte {
	words := make([]uint64, (n+7)/8)
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)[:n]
}

func base(memory []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(memory)) }

// Bytes writes a size for people to read.
func Bytes(n int) string {
	switch {
	case n >= 1<<30 && n%(1<<30) == 0:
		return strconv.Itoa(n>>30) + " GiB"
	case n >= 1<<20 && n%(1<<20) == 0:
		return strconv.Itoa(n>>20) + " MiB"
	}
	return strconv.Itoa(n) + " bytes"
}

// Count writes a number for people to read.
func Count(n int) string { return strconv.Itoa(n) }

// Aligned returns the bytes themselves, or a copy if they are not aligned for
// every element type.
func Aligned(b []byte) []byte {
	const most = 4
	if uintptr(base(b))%most == 0 {
		return b
	}
	return append(Memory(len(b))[:0], b...)
}
