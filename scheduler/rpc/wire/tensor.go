package wire

import (
	"fmt"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// TypeOf returns the element type of a message; f32 if it does not say.
func TypeOf(d pb.Dtype) (tensor.DType, error) {
	switch d {
	case pb.Dtype_DTYPE_UNSPECIFIED, pb.Dtype_DTYPE_F32:
		return tensor.F32, nil
	case pb.Dtype_DTYPE_F16:
		return tensor.F16, nil
	case pb.Dtype_DTYPE_BF16:
		return tensor.BF16, nil
	}
	return 0, Invalid("dtype", "DTYPE_F32, DTYPE_F16, DTYPE_BF16", "%d", int32(d))
}

// FromType returns the message's name of an element type.
func FromType(d tensor.DType) pb.Dtype {
	switch d {
	case tensor.F32:
		return pb.Dtype_DTYPE_F32
	case tensor.F16:
		return pb.Dtype_DTYPE_F16
	case tensor.BF16:
		return pb.Dtype_DTYPE_BF16
	}
	return pb.Dtype_DTYPE_UNSPECIFIED
}

// Invalid returns an error about one field.
func Invalid(field, allowed, format string, args ...any) error {
	return &job.InvalidError{Field: field, Got: fmt.Sprintf(format, args...), Allowed: allowed}
}

// TooLarge returns an error about something that no waiting would admit.
func TooLarge(field, allowed, format string, args ...any) error {
	return &job.InvalidError{Field: field, Got: fmt.Sprintf(format, args...), Allowed: allowed, Kind: job.ErrTooLarge}
}

// Dims reads dimensions: three numbers, two for one matrix, one for a column.
func Dims(field string, d []int64) (tensor.Dims, error) {
	if err := checkNumbers(field, d); err != nil {
		return tensor.Dims{}, err
	}
	switch len(d) {
	case 1:
		return tensor.Dims{1, int(d[0]), 1}, nil
	case 2:
		return tensor.Dims{1, int(d[0]), int(d[1])}, nil
	case 3:
		return tensor.Dims{int(d[0]), int(d[1]), int(d[2])}, nil
	}
	return tensor.Dims{}, Invalid(field+".dims", "1 to 3 numbers", "%d", len(d))
}

// strides reads the strides of dimensions that were read from as many numbers.
func strides(field string, dims tensor.Dims, given []int64, n int) (tensor.Dims, error) {
	s := tensor.Compact(dims)
	if len(given) == 0 {
		return s, nil
	}
	if len(given) != n {
		return s, Invalid(field+".strides", "none or as many as dims", "%d for %d", len(given), n)
	}
	if err := checkNumbers(field, given); err != nil {
		return s, err
	}
	first := max(3-n, 0)
	if n == 1 { // a column: the rows' stride
		first = 1
	}
	for i, g := range given {
		s[first+i] = int(g)
	}
	return s, nil
}

// most keeps products and sums of sizes far from overflow, with a word left.
const most = 1 << 48

func checkNumbers(field string, list []int64) error {
	for _, n := range list {
		if n < 0 || n > most {
			return Invalid(field, "dims and strides from 0 to 2^48", "%d", n)
		}
	}
	return nil
}

// Lay returns the view of memory of its own that a message describes.
func Lay(field string, t *pb.Tensor, memory []byte) (tensor.View, error) {
	dt, err := TypeOf(t.GetDtype())
	if err != nil {
		return tensor.View{}, err
	}
	dims, steps, err := geometry(field, t)
	if err != nil {
		return tensor.View{}, err
	}
	if n, _ := sizeOf(dt, dims); len(t.GetStrides()) == 0 && t.GetOffset() == 0 && len(memory) != n {
		return tensor.View{}, Invalid(field+".data", fmt.Sprintf("%d bytes for %v of %v", n, t.GetDims(), dt), "%d bytes", len(memory))
	}
	base := unsafe.Pointer(unsafe.SliceData(memory))
	if uintptr(base)%uintptr(dt.Size()) != 0 {
		memory = append(make([]byte, 0, len(memory)+8), memory...)
		base = unsafe.Pointer(unsafe.SliceData(memory))
	}
	v := tensor.Window(base, len(memory), dt, dims, steps, int(t.GetOffset()))
	return v, check(field, &v)
}

// Part returns the part of an operand that a message describes: all of it, if
// it has no dimensions.
func Part(field string, t *pb.Tensor, whole tensor.View) (tensor.View, error) {
	if dt := t.GetDtype(); dt != pb.Dtype_DTYPE_UNSPECIFIED && dt != FromType(whole.DType()) {
		return whole, Invalid(field+".dtype", "that of the operand, "+whole.DType().String(), "%v", dt)
	}
	if len(t.GetDims()) == 0 {
		return whole, nil
	}
	dims, steps, err := geometry(field, t)
	if err != nil {
		return whole, err
	}
	v := whole.Strided(dims, steps, int(t.GetOffset()))
	return v, check(field, &v)
}

func geometry(field string, t *pb.Tensor) (dims, steps tensor.Dims, err error) {
	if dims, err = Dims(field, t.GetDims()); err != nil {
		return dims, steps, err
	}
	if t.GetOffset() < 0 || t.GetOffset() > most {
		return dims, steps, Invalid(field+".offset", "0 to 2^48", "%d", t.GetOffset())
	}
	steps, err = strides(field, dims, t.GetStrides(), len(t.GetDims()))
	return dims, steps, err
}

func check(field string, v *tensor.View) error {
	if err := v.Err(); err != nil {
		return &job.InvalidError{Field: field, Cause: err}
	}
	return nil
}

// Place returns the view that a message describes, in a large memory of which
// the first bytes are used. Then more of them are.
func Place(field string, t *pb.Tensor, base unsafe.Pointer, length int, used *int) (tensor.View, error) {
	dt, err := TypeOf(t.GetDtype())
	if err != nil {
		return tensor.View{}, err
	}
	dims, steps, err := geometry(field, t)
	if err != nil {
		return tensor.View{}, err
	}
	v := tensor.Window(base, length, dt, dims, steps, *used/dt.Size()+int(t.GetOffset()))
	if err := check(field, &v); err != nil {
		return v, err
	}
	const unit = 4 // a multiple of every element's size
	*used += (int(t.GetOffset())*dt.Size() + Span(&v) + unit - 1) / unit * unit
	return v, nil
}
