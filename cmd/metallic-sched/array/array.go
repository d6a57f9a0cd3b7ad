package array

import (
	"fmt"
	"strings"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Array is a tensor of a file, or one to write.
type Array struct {
	DType tensor.DType
	Shape []int
	// Fortran says that the first index moves fastest in Data, not the last.
	Fortran bool
	Data    []byte // little-endian, without gaps
}

// New returns an array of zeros. The error is that of Bytes.
func New(dt tensor.DType, shape []int) (*Array, error) {
	n, err := Bytes(dt, shape)
	if err != nil {
		return nil, err
	}
	return &Array{DType: dt, Shape: shape, Data: make([]byte, n)}, nil
}

// Bytes returns the size of a new array. It is an *Error if that is too much.
func Bytes(dt tensor.DType, shape []int) (int, error) {
	n, ok := elements(shape)
	if !ok || n > mostBytes/dt.Size() {
		return 0, wrong("result", "shape", "up to 64 GiB", "%v of %v", shape, dt)
	}
	return n * dt.Size(), nil
}

// View shows the array as a batch of matrices: a vector is one column, three
// dimensions are a batch. The error is an *Error for other numbers of them.
func (a *Array) View(place string) (tensor.View, error) {
	var d tensor.Dims
	switch len(a.Shape) {
	case 1:
		d = tensor.Dims{1, a.Shape[0], 1}
	case 2:
		d = tensor.Dims{1, a.Shape[0], a.Shape[1]}
	case 3:
		d = tensor.Dims{a.Shape[0], a.Shape[1], a.Shape[2]}
	default:
		return tensor.View{}, wrong(place, "shape", "1 to 3 dimensions", "%s", a.Sizes())
	}
	v := tensor.Bytes(a.Data, a.DType, d[0], d[1], d[2])
	if a.Fortran && len(a.Shape) > 1 {
		v = v.Strided(d, fortran(a.Shape), 0)
	}
	return v, v.Err()
}

// fortran returns the strides of two or three dimensions of which the first
// moves fastest.
func fortran(shape []int) tensor.Dims {
	if len(shape) == 2 {
		return tensor.Dims{0, 1, shape[0]}
	}
	return tensor.Dims{1, shape[0], shape[0] * shape[1]}
}

// Rows shows the array as rows of its last dimension, in matrices of the last
// two: a vector is one row. The error is an *Error.
func (a *Array) Rows(place string) (tensor.View, error) {
	switch n := len(a.Shape); {
	case n == 0:
		return tensor.View{}, wrong(place, "shape", "at least 1 dimension", "%s", a.Sizes())
	case n == 1:
		v := tensor.Bytes(a.Data, a.DType, 1, 1, a.Shape[0])
		return v, v.Err()
	case n <= 3:
		return a.View(place)
	case a.Fortran:
		return tensor.View{}, wrong(place, "order", "C order for more than 3 dimensions (numpy.ascontiguousarray)", "Fortran")
	default:
		batch := 1
		for _, d := range a.Shape[:n-2] {
			batch *= d
		}
		v := tensor.Bytes(a.Data, a.DType, batch, a.Shape[n-2], a.Shape[n-1])
		return v, v.Err()
	}
}

// Sizes writes the shape like 4096x64; a scalar is "scalar".
func (a *Array) Sizes() string {
	if len(a.Shape) == 0 {
		return "scalar"
	}
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(a.Shape), "[]"), " ", "x")
}

// mostBytes is the size of the largest new array: a mistake in a shape should be
// an error, not the end of all memory.
const mostBytes = 64 << 30

// most keeps sizes in bytes far from overflow.
const most = 1 << 48

// elements returns the product of sizes; ok is false if it is too large.
func elements(shape []int) (n int, ok bool) {
	n, empty := 1, false
	for _, d := range shape {
		if d < 0 || d > most {
			return 0, false
		}
		if empty = empty || d == 0; d == 0 {
			continue
		}
		if n > most/d {
			return 0, false
		}
		n *= d
	}
	if empty {
		n = 0
	}
	return n, true
}
