package tensor

import (
	"math/bits"
	"unsafe"
)

// Dims are three numbers, one for each of batch, rows and columns.
type Dims [3]int

// View is a batch of strided matrices over memory that somebody else owns.
// Element (b, i, j) lies at offset + b*strides[0] + i*strides[1] +
// j*strides[2] elements from the base. The zero View stands for "none".
type View struct {
	base     unsafe.Pointer
	bytes    int // length of the memory at base
	resident *Resident
	err      *Error
	dims     Dims
	strides  Dims
	offset   int
	dtype    DType
}

// Vector views data as one column of len(data) rows.
func Vector[T Element](data []T) View { return Batch(data, 1, len(data), 1) }

// Matrix views data as rows x cols, row-major and contiguous.
func Matrix[T Element](data []T, rows, cols int) View { return Batch(data, 1, rows, cols) }

// Batch views data as n matrices of rows x cols, each row-major, one after
// another. data must have exactly n*rows*cols elements.
func Batch[T Element](data []T, n, rows, cols int) View {
	dt := TypeOf[T]()
	return compact(unsafe.Pointer(unsafe.SliceData(data)), len(data)*dt.Size(), dt, Dims{n, rows, cols})
}

// Bytes views raw memory, for example a mapped file, as n row-major matrices
// of the given type. The memory must be aligned to the element size and hold
// exactly the elements asked for.
func Bytes(data []byte, dt DType, n, rows, cols int) View {
	if !dt.Valid() {
		return bad("dtype", "f32, f16, bf16", "%v", dt)
	}
	base := unsafe.Pointer(unsafe.SliceData(data))
	if uintptr(base)%uintptr(dt.Size()) != 0 {
		return bad("alignment", "a multiple of the element size", "address modulo %d = %d", dt.Size(), uintptr(base)%uintptr(dt.Size()))
	}
	return compact(base, len(data), dt, Dims{n, rows, cols})
}

// Window views memory that need not be Go's, such as a part of a device
// allocation of the given length. base is nil for memory that the host cannot
// address; such a view is only ever described, never read.
func Window(base unsafe.Pointer, length int, dt DType, dims, strides Dims, offset int) View {
	if !dt.Valid() {
		return bad("dtype", "f32, f16, bf16", "%v", dt)
	}
	if length < 0 {
		return bad("length", "at least 0", "%d bytes", length)
	}
	v := View{base: base, bytes: length, dtype: dt, dims: dims, strides: strides, offset: offset}
	return v.checked()
}

func compact(base unsafe.Pointer, length int, dt DType, dims Dims) View {
	n, ok := volume(dims)
	if !ok {
		return bad("shape", "dimensions of at least 0 whose product fits an int", "%v", dims)
	}
	if want, ok := mul(n, dt.Size()); !ok || want != length {
		return bad("length", "exactly batch*rows*cols elements", "%d elements for shape %v", length/dt.Size(), dims)
	}
	return View{base: base, bytes: length, dtype: dt, dims: dims, strides: Compact(dims)}
}

// Compact returns the strides of a row-major, contiguous batch.
func Compact(d Dims) Dims {
	matrix, ok := mul(d[1], d[2])
	if !ok {
		matrix = 0 // only an empty batch can be of such matrices
	}
	return Dims{matrix, d[2], 1}
}

// Strided returns a view of the same memory with its own dimensions, strides
// and offset, all in elements of the original type and counted from the start
// of the memory. Strides may be 0 (the same elements again; not for results)
// but not negative.
func (v View) Strided(dims, strides Dims, offset int) View {
	if v.err != nil {
		return v
	}
	if v.dtype == 0 {
		return bad("view", "a view over memory", "the zero View")
	}
	v.dims, v.strides, v.offset = dims, strides, offset
	return v.checked()
}

// checked returns v, or a view with an Error when an element lies outside.
func (v View) checked() View {
	n, ok := volume(v.dims)
	if !ok {
		return bad("shape", "dimensions of at least 0 whose product fits an int", "%v", v.dims)
	}
	limit := v.bytes / v.dtype.Size()
	if v.offset < 0 || v.offset > limit {
		return bad("offset", "0 to the length of the memory", "%d of %d elements", v.offset, limit)
	}
	last, ok := v.offset, true
	for i, s := range v.strides {
		if s < 0 {
			return bad("stride", "at least 0", "%d", s)
		}
		step, fits := mul(max(v.dims[i]-1, 0), s)
		last, ok = last+step, ok && fits && last <= maxInt-step
		if !ok {
			return bad("strides", "offsets that fit an int", "%v for shape %v", v.strides, v.dims)
		}
	}
	if n > 0 && last >= limit {
		return bad("strides", "a last element within the memory", "%v for shape %v at offset %d: element %d of %d", v.strides, v.dims, v.offset, last, limit)
	}
	return v
}

const maxInt = int(^uint(0) >> 1)

// mul multiplies two non-negative ints; ok is false on overflow.
func mul(a, b int) (product int, ok bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	return int(lo), hi == 0 && lo <= uint64(maxInt)
}

func volume(d Dims) (int, bool) {
	n := 1
	for _, x := range d {
		if x < 0 {
			return 0, false
		}
	}
	// A zero anywhere makes the product zero, however large the others are.
	if d[0] == 0 || d[1] == 0 || d[2] == 0 {
		return 0, true
	}
	for _, x := range d {
		var ok bool
		if n, ok = mul(n, x); !ok {
			return 0, false
		}
	}
	return n, true
}

// T returns the transpose of every matrix in the batch.
func (v View) T() View {
	v.Transpose()
	return v
}

// Transpose turns the view itself into its transpose.
func (v *View) Transpose() {
	v.dims[1], v.dims[2] = v.dims[2], v.dims[1]
	v.strides[1], v.strides[2] = v.strides[2], v.strides[1]
}

// Slice returns rows [r0, r1) and columns [c0, c1) of every matrix.
func (v View) Slice(r0, r1, c0, c1 int) View {
	if v.err != nil {
		return v
	}
	if r0 < 0 || r0 > r1 || r1 > v.dims[1] || c0 < 0 || c0 > c1 || c1 > v.dims[2] {
		return bad("slice", "0 <= from <= to <= size", "rows [%d,%d) of %d, columns [%d,%d) of %d", r0, r1, v.dims[1], c0, c1, v.dims[2])
	}
	v.dims[1], v.dims[2] = r1-r0, c1-c0
	if v.Len() > 0 { // an empty slice points at nothing
		v.offset += r0*v.strides[1] + c0*v.strides[2]
	}
	return v
}

// Columns narrows the view itself to columns [c0, c1), which must be within it.
func (v *View) Columns(c0, c1 int) {
	v.dims[2] = c1 - c0
	if v.Len() > 0 {
		v.offset += c0 * v.strides[2]
	}
}

// Sub returns matrices [b0, b1) of the batch.
func (v View) Sub(b0, b1 int) View {
	if v.err != nil {
		return v
	}
	if b0 < 0 || b0 > b1 || b1 > v.dims[0] {
		return bad("batch slice", "0 <= from <= to <= batch", "[%d,%d) of %d", b0, b1, v.dims[0])
	}
	v.dims[0] = b1 - b0
	if v.Len() > 0 {
		v.offset += b0 * v.strides[0]
	}
	return v
}

// Broadcast returns a view whose single matrix stands for n of them.
func (v View) Broadcast(n int) View {
	if v.err != nil || v.dims[0] == n {
		return v
	}
	if v.dims[0] != 1 {
		return bad("batch", "1 or the batch of the product", "%d", v.dims[0])
	}
	v.dims[0], v.strides[0] = n, 0
	if _, ok := volume(v.dims); !ok {
		return bad("batch", "at least 0, and a product of dimensions that fits an int", "%d of %d x %d", n, v.dims[1], v.dims[2])
	}
	return v
}

// Err returns what is wrong with the view, or nil.
func (v *View) Err() error {
	if v.err == nil {
		return nil
	}
	return v.err
}

// IsZero reports whether v is the zero View, which stands for "none".
func (v *View) IsZero() bool { return v.dtype == 0 && v.err == nil }

// DType returns the element type.
func (v *View) DType() DType { return v.dtype }

// Dims returns batch, rows and columns.
func (v *View) Dims() Dims { return v.dims }

// Strides returns the strides in elements.
func (v *View) Strides() Dims { return v.strides }

// Offset returns the first element's distance from the base, in elements.
func (v *View) Offset() int { return v.offset }

// Matrices returns the size of the batch.
func (v *View) Matrices() int { return v.dims[0] }

// Rows returns the rows of each matrix.
func (v *View) Rows() int { return v.dims[1] }

// Cols returns the columns of each matrix.
func (v *View) Cols() int { return v.dims[2] }

// Len returns the number of elements; 0 if any dimension is 0.
func (v *View) Len() int { return v.dims[0] * v.dims[1] * v.dims[2] }

// Base returns the start of the memory. It keeps the memory alive.
func (v *View) Base() unsafe.Pointer { return v.base }

// Bytes returns the length of the memory behind the view.
func (v *View) Bytes() int { return v.bytes }

// Pointer returns the address of element (0, 0, 0), nil for an empty view and
// for memory that the host cannot address.
func (v *View) Pointer() unsafe.Pointer {
	if v.base == nil || v.Len() == 0 {
		return nil
	}
	return unsafe.Add(v.base, v.offset*v.dtype.Size())
}

// Resident returns the loaded operand the view lies over, or nil.
func (v *View) Resident() *Resident { return v.resident }

// Part views a compact, row-major part of memory that is known to hold it,
// from an offset in elements on. Unlike [Window] it checks nothing.
func Part(base unsafe.Pointer, length int, dt DType, dims Dims, offset int) View {
	return View{base: base, bytes: length, dtype: dt, dims: dims, strides: Compact(dims), offset: offset}
}

// Rebase returns the same view of other memory of the same length, such as a
// newer copy of an operand.
func (v View) Rebase(base unsafe.Pointer) View {
	v.base = base
	return v
}
