package launch

import (
	"fmt"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/shaders"
)

// The indices that buffers are bound at. A softmax reads X at A and writes Y
// at C, a copy likewise.
const (
	BufferA         = 0
	BufferB         = 1
	BufferC         = 2
	BufferArguments = 3
	BufferRuns      = 4
	BufferBiases    = 5
	BufferBias      = 6
)

// Launch is one start of a kernel: the buffers and the bytes that it is bound
// to, and its grid. Every buffer and slice is set that the kernel has an
// argument for, even if it does not look at it. C alone is written; with beta
// it is read as well. The bytes belong to the Launch until it is used again.
type Launch struct {
	Entry     string
	A, B, C   device.Buffer // B: matmul only
	Bias      device.Buffer // matmul only
	Arguments []byte
	Runs      []byte // nil for a copy
	Biases    []byte // matmul only
	Grid      Grid

	product  gpu.Product
	rows     gpu.Rows
	copying  gpu.Copying
	noBiases [1]shaders.Matrix
}

// Dispatch describes the start of a dispatch with the pipeline of a key. empty
// means that there is nothing to start. An error says what does not fit.
func (l *Launch) Dispatch(key kernels.Key, d *device.Dispatch) (empty bool, err error) {
	e, ok := table[key.Kernel]
	l.Entry = key.Kernel
	switch {
	case !ok:
		return false, fmt.Errorf("kernel %q: %w", key.Kernel, device.ErrUnsupported)
	case (d.Matmul != nil) != (e.matmul != nil) || (d.Softmax != nil) != (e.softmax != nil):
		return false, fmt.Errorf("bindings that are not the kernel's: matmul %t, softmax %t", d.Matmul != nil, d.Softmax != nil)
	case d.Matmul != nil:
		return l.matmul(key, e, d.Matmul)
	}
	return l.softmax(key, e, d.Softmax)
}

func (l *Launch) matmul(key kernels.Key, e entry, m *device.Matmul) (empty bool, err error) {
	p := &l.product
	if err := p.Bind(key, m); err != nil || p.Empty() {
		return true, err
	}
	l.A, l.B, l.C, l.Bias = p.A, p.B, p.C, p.Bias
	l.Arguments, l.Runs, l.Biases = bytesOf(&p.Arguments), bytesOfAll(p.Runs), bytesOfAll(p.Biases)
	if l.Bias == nil {
		l.Bias, l.Biases = p.C, bytesOfAll(l.noBiases[:])
	}
	l.Grid = e.matmul(key, &p.Arguments)
	return false, nil
}

func (l *Launch) softmax(key kernels.Key, e entry, s *device.Softmax) (empty bool, err error) {
	r := &l.rows
	if err := r.Bind(key, s); err != nil || r.Empty() {
		return true, err
	}
	l.A, l.B, l.C, l.Bias = r.X, nil, r.Y, nil
	l.Arguments, l.Runs, l.Biases = bytesOf(&r.Arguments), bytesOfAll(r.Runs), nil
	l.Grid, err = e.softmax(key, &r.Arguments)
	return false, err
}

// Copy describes the start of a copy between buffers.
func (l *Launch) Copy(copied *device.Copy) (empty bool, err error) {
	c := &l.copying
	l.Entry = copyEntry
	if err := c.Bind(copied); err != nil || c.Empty() {
		return true, err
	}
	l.A, l.B, l.C, l.Bias = c.Src, nil, c.Dst, nil
	l.Grid = copyGrid(&c.Arguments)
	l.Arguments, l.Runs, l.Biases = bytesOf(&c.Arguments), nil, nil
	return false, nil
}

// bytesOf returns the memory of arguments, which is laid out as arguments.h
// says: little-endian on every platform with Metal.
func bytesOf[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

func bytesOfAll[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}
