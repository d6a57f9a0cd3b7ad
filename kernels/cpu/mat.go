package cpu

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Mat is a batch of strided matrices in host memory. Element (i, j) of matrix
// b lies b*BS + i*RS + j*CS elements after Ptr. Its size is known from where it
// is used.
type Mat struct {
	Ptr        unsafe.Pointer
	Type       tensor.DType
	BS, RS, CS int
}

// T returns the transpose.
func (m Mat) T() Mat {
	m.RS, m.CS = m.CS, m.RS
	return m
}

// from returns the part of matrix b that starts at element (i, j).
func (m Mat) from(b, i, j int) Mat {
	m.Ptr = unsafe.Add(m.Ptr, (b*m.BS+i*m.RS+j*m.CS)*m.Type.Size())
	m.BS = 0
	return m
}

// row returns row i of the first matrix.
func (m Mat) row(i int) line {
	return line{unsafe.Add(m.Ptr, i*m.RS*m.Type.Size()), m.Type, m.CS}
}

// line is a strided vector in host memory.
type line struct {
	ptr    unsafe.Pointer
	dtype  tensor.DType
	stride int
}

// from returns the line that starts at element i.
func (l line) from(i int) line {
	l.ptr = unsafe.Add(l.ptr, i*l.stride*l.dtype.Size())
	return l
}
