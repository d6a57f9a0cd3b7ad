package tensor

import "unsafe"

// Copy copies src to dst, element by element in the order of their indices.
// Both must have the same type and dimensions and be host memory; the caller
// has checked that.
func Copy(dst, src View) {
	if n, ok := dst.oneRun(); ok {
		if _, ok := src.oneRun(); ok {
			copy(unsafe.Slice((*byte)(dst.Pointer()), n), unsafe.Slice((*byte)(src.Pointer()), n))
			return
		}
	}
	switch dst.dtype.Size() {
	case 4:
		copyElements[uint32](dst, src)
	case 2:
		copyElements[uint16](dst, src)
	}
}

// oneRun returns the bytes of a view whose elements lie one after another in
// the order of their indices.
func (v *View) oneRun() (bytes int, ok bool) {
	d, s := &v.dims, &v.strides
	if d[0] != 1 || d[1] == 0 || d[2] == 0 {
		return 0, false
	}
	if d[1] == 1 && s[2] == 1 || d[2] == 1 && s[1] == 1 || s[2] == 1 && s[1] == d[2] {
		return d[1] * d[2] * v.dtype.Size(), true
	}
	return 0, false
}

func copyElements[T uint16 | uint32](dst, src View) {
	if dst.Len() == 0 {
		return
	}
	// A column of one matrix is one run as well: make the longer way the inner.
	if dst.dims[2] == 1 && dst.dims[1] > 1 {
		dst, src = dst.T(), src.T()
	}
	d0, s0 := (*T)(dst.Pointer()), (*T)(src.Pointer())
	rows, cols := dst.dims[1], dst.dims[2]
	for b := range dst.dims[0] {
		for i := range rows {
			d := index(d0, b*dst.strides[0]+i*dst.strides[1])
			s := index(s0, b*src.strides[0]+i*src.strides[1])
			copyRun(d, s, cols, dst.strides[2], src.strides[2])
		}
	}
}

func copyRun[T any](d, s *T, n, ds, ss int) {
	if ds == 1 && ss == 1 {
		copy(unsafe.Slice(d, n), unsafe.Slice(s, n))
		return
	}
	for j := range n {
		*index(d, j*ds) = *index(s, j*ss)
	}
}

func index[T any](p *T, i int) *T {
	return (*T)(unsafe.Add(unsafe.Pointer(p), i*int(unsafe.Sizeof(*p))))
}

// Value returns element (b, i, j) as a float32. It is for tests, printing and
// references, not for inner loops. It panics if the memory is not the host's, as
// that of a loaded operand is not.
func (v View) Value(b, i, j int) float32 {
	p := v.element("Value", b, i, j)
	switch v.dtype {
	case F16:
		return (*(*Float16)(p)).Float32()
	case BF16:
		return (*(*BFloat16)(p)).Float32()
	case F32:
		return *(*float32)(p)
	}
	panic("tensor: Value of a view without a type")
}

// SetValue rounds x to the view's type and stores it at (b, i, j). It panics as Value
// does.
func (v View) SetValue(b, i, j int, x float32) {
	p := v.element("SetValue", b, i, j)
	switch v.dtype {
	case F16:
		*(*Float16)(p) = ToFloat16(x)
	case BF16:
		*(*BFloat16)(p) = ToBFloat16(x)
	case F32:
		*(*float32)(p) = x
	default:
		panic("tensor: SetValue of a view without a type")
	}
}

// element returns where an element lies, for a method that needs to address it: an
// offset from no memory at all might be somebody's.
func (v *View) element(method string, b, i, j int) unsafe.Pointer {
	if v.base == nil && v.dtype != 0 {
		panic("tensor: " + method + " of a view of memory that the host cannot address, such as a loaded operand's")
	}
	return unsafe.Add(v.base, (v.offset+b*v.strides[0]+i*v.strides[1]+j*v.strides[2])*v.dtype.Size())
}
