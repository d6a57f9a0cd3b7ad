//go:build darwin || linux

package mtl

import "fmt"

// MatrixType is the MPSDataType of a matrix's elements.
type MatrixType uint32

// The types of elements that products take.
const (
	MatrixFloat32 MatrixType = 0x10000000 | 32
	MatrixFloat16 MatrixType = 0x10000000 | 16
)

// Layout is where matrices lie in a buffer: the first at Offset, row after row.
// All but the first three numbers count bytes.
type Layout struct {
	Matrices, Rows, Columns int
	Offset                  int
	RowBytes, MatrixBytes   int // MatrixBytes is a multiple of RowBytes
	Type                    MatrixType
}

// Matrix is an MPSMatrix: one or more matrices in a buffer.
type Matrix struct{ object }

// NewMatrix describes matrices in a buffer. It needs an autorelease pool; the
// matrix outlives it and does not copy the buffer.
func (d *Device) NewMatrix(b Buffer, l Layout) (Matrix, error) {
	a := d.api
	descriptor := a.send.matrixDescriptor(a.classes.matrixDescriptor, a.sel[selMatrixDescriptor],
		uint(l.Rows), uint(l.Columns), uint(l.Matrices), uint(l.RowBytes), uint(l.MatrixBytes), uint32(l.Type))
	o := a.send.initMatrix(a.send.id(a.classes.matrix, a.sel[selAlloc]), a.sel[selInitMatrix], b.id, uint(l.Offset), descriptor)
	if o == 0 {
		return Matrix{}, &Error{Op: fmt.Sprintf("matrix of %+v", l), Text: "MPS made none"}
	}
	return Matrix{object{a, o}}, nil
}

// Product describes C = Alpha*A*B + Beta*C. A has Rows rows, B has Columns
// columns, both after they were transposed if so asked; Interior is the length
// of the sums. Of several matrices each is multiplied with its own.
type Product struct {
	TransposeLeft, TransposeRight bool
	Rows, Columns, Interior       int
	Alpha, Beta                   float64
}

// Multiplication is an MPSMatrixMultiplication: a kernel for one Product. It
// may be encoded any number of times.
type Multiplication struct{ object }

// NewMultiplication makes the kernel of a product. Device.MPS must be true.
func (d *Device) NewMultiplication(p Product) (Multiplication, error) {
	a := d.api
	o := a.send.initProduct(a.send.id(a.classes.matrixMultiplication, a.sel[selAlloc]), a.sel[selInitMatrixMultiplication],
		d.id, p.TransposeLeft, p.TransposeRight, uint(p.Rows), uint(p.Columns), uint(p.Interior), p.Alpha, p.Beta)
	if o == 0 {
		return Multiplication{}, &Error{Op: fmt.Sprintf("multiplication of %+v", p), Text: "MPS made none"}
	}
	return Multiplication{object{a, o}}, nil
}

// Encode appends the product to a retaining command buffer that has no open
// encoder. It needs an autorelease pool.
func (m Multiplication) Encode(c *CommandBuffer, left, right, result Matrix) {
	m.api.send.encodeProduct(m.id, m.api.sel[selEncodeMatrixMultiplication], c.id, left.id, right.id, result.id)
}
