package tensor

// span returns the first and one past the last element of v, in bytes.
func (v View) span() (lo, hi uintptr) {
	size := uintptr(v.dtype.Size())
	last := v.offset
	for i, s := range v.strides {
		last += (v.dims[i] - 1) * s
	}
	base := uintptr(v.base)
	return base + uintptr(v.offset)*size, base + uintptr(last+1)*size
}

// Overlaps reports whether an element of v may share a byte with one of w.
// It is exact for contiguous views and for blocks of one larger matrix (equal
// row strides); other interleavings that could be disjoint count as overlap.
func (v *View) Overlaps(w *View) bool {
	vb, wb := uintptr(v.base), uintptr(w.base)
	if vb+uintptr(v.bytes) <= wb || wb+uintptr(w.bytes) <= vb {
		return false // most views: not even the memory behind them meets
	}
	return v.overlaps(w)
}

func (v *View) overlaps(w *View) bool {
	if v.Len() == 0 || w.Len() == 0 {
		return false
	}
	if (v.resident != nil || w.resident != nil) && v.resident != w.resident {
		return false
	}
	vlo, vhi := v.span()
	wlo, whi := w.span()
	if vhi <= wlo || whi <= vlo {
		return false
	}
	return !v.sideBySide(*w)
}

// sideBySide reports whether v and w are column ranges of one matrix that do
// not meet: every run of elements repeats at the same pitch.
func (v View) sideBySide(w View) bool {
	vp, vrun, vok := v.pitch()
	wp, wrun, wok := w.pitch()
	if !vok || !wok || vp != wp {
		return false
	}
	vlo, _ := v.span()
	wlo, _ := w.span()
	ahead := (int(wlo-vlo)%vp + vp) % vp // where w's run starts after v's
	return ahead >= vrun && ahead+wrun <= vp
}

// pitch describes v as runs of run bytes that repeat every pitch bytes.
func (v View) pitch() (pitch, run int, ok bool) {
	inner, outer := 2, 1
	if v.strides[inner] > v.strides[outer] {
		inner, outer = outer, inner
	}
	size := v.dtype.Size()
	pitch = v.strides[outer] * size
	run = ((v.dims[inner]-1)*v.strides[inner] + 1) * size
	if pitch == 0 || run > pitch || (v.dims[0] > 1 && v.strides[0]*size%pitch != 0) {
		return 0, 0, false
	}
	return pitch, run, true
}

// RepeatsElements reports whether two indices of v may name one element, so
// that v cannot hold a result.
func (v *View) RepeatsElements() bool {
	d, s := &v.dims, &v.strides
	if s[2] == 1 && s[1] >= d[2] && (d[0] == 1 || s[0] >= d[1]*s[1]) {
		return false // row-major, as most are
	}
	return v.repeats()
}

func (v *View) repeats() bool {
	if v.Len() == 0 {
		return false
	}
	order := [3]int{0, 1, 2}
	for i := range order { // three strides: selection sort, smallest first
		for j := i + 1; j < 3; j++ {
			if v.strides[order[j]] < v.strides[order[i]] {
				order[i], order[j] = order[j], order[i]
			}
		}
	}
	reach := 1 // elements covered by the dimensions so far
	for _, i := range order {
		if v.dims[i] == 1 {
			continue
		}
		if v.strides[i] < reach {
			return true
		}
		reach += (v.dims[i] - 1) * v.strides[i]
	}
	return false
}
