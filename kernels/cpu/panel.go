package cpu

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// PanelRows is the height of a panel.
const PanelRows = 48

// Panels is a matrix A that is kept in the layout small-N kernels like best,
// beside its original: panels of 48 rows, k-major. A panel of float32 or
// binary16 is K rows of 48 elements, one of bfloat16 K/2 rows (rounded up) of
// 48 pairs, k in the low half of a word and k+1 in the high. The missing rows
// of the last panel are there and count for nothing.
type Panels struct {
	Ptr    unsafe.Pointer // the panel that A's first row is in; nil for none
	Row    int            // that row's place in it
	Stride int            // bytes from panel to panel
	BS     int            // bytes from matrix to matrix
}

// PanelBytes returns the size of one panel of a matrix with k columns.
func PanelBytes(dt tensor.DType, k int) int {
	if dt == tensor.BF16 {
		k += k % 2
	}
	return PanelRows * k * dt.Size()
}

// HasPanels reports whether there are kernels that profit from panels.
func HasPanels() bool { return panelTables[level] != nil }

// PackPanel packs rows [0, rows) of A, at most 48, and its first k columns to
// dst, PanelBytes of memory. Missing rows are left as they are.
func PackPanel(dst unsafe.Pointer, a Mat, rows, k int) {
	packPanel(panelTables[level], dst, a, rows, k)
}

// packPanel packs with f, or without any generated functions.
func packPanel(f *panelKernels, dst unsafe.Pointer, a Mat, rows, k int) {
	if a.RS == 1 && a.CS != 1 {
		packUnitRows(f, dst, a, rows, k)
		return
	}
	full, words := 0, 0 // rows and columns that are packed
	if a.CS == 1 && f != nil {
		perQuad := 16 / a.Type.Size()
		words = k / perQuad * perQuad
		for _, g := range f.pack {
			pack := g.words
			if a.Type == tensor.F16 {
				pack = g.halves
			}
			for words > 0 && full+g.rows <= rows {
				pack((*byte)(panelAt(dst, a.Type, full, 0)), (*byte)(a.row(full).ptr), a.RS*a.Type.Size(), k/perQuad)
				full += g.rows
			}
		}
	}
	if full == rows && words == k {
		return
	}
	for i := range rows {
		first := 0
		if i < full {
			first = words
		}
		packElements(dst, a, i, first, k)
	}
}

// packElements packs row i from column first on, element by element.
func packElements(dst unsafe.Pointer, a Mat, i, first, k int) {
	for j := first; j < k; j++ {
		to, src := panelAt(dst, a.Type, i, j), a.from(0, i, j).Ptr
		if a.Type == tensor.F32 {
			*(*uint32)(to) = *(*uint32)(src)
		} else {
			*(*uint16)(to) = *(*uint16)(src)
		}
	}
}

// packUnitRows packs a panel of contiguous columns.
func packUnitRows(f *panelKernels, dst unsafe.Pointer, a Mat, rows, k int) {
	first := 0
	if f != nil {
		if move := f.copy[typeIndex(a.Type)]; move != nil {
			if first = k; a.Type == tensor.BF16 {
				first &^= 1
			}
			if first > 0 {
				move((*byte)(dst), (*byte)(a.Ptr), a.CS*a.Type.Size(), first, rows)
			}
		}
	}
	for j := first; j < k; j++ {
		src := a.from(0, 0, j).Ptr
		switch a.Type {
		case tensor.F32:
			copy((*[PanelRows]uint32)(panelAt(dst, a.Type, 0, j))[:rows], unsafe.Slice((*uint32)(src), rows))
		case tensor.F16:
			copy((*[PanelRows]uint16)(panelAt(dst, a.Type, 0, j))[:rows], unsafe.Slice((*uint16)(src), rows))
		case tensor.BF16:
			for i, x := range unsafe.Slice((*uint16)(src), rows) {
				*(*uint16)(panelAt(dst, a.Type, i, j)) = x
			}
		}
	}
}

// panelAt returns where element (i, k) of a panel is.
func panelAt(panel unsafe.Pointer, dt tensor.DType, i, k int) unsafe.Pointer {
	if dt == tensor.BF16 {
		return unsafe.Add(panel, 4*(k/2*PanelRows+i)+k%2*2)
	}
	return unsafe.Add(panel, (k*PanelRows+i)*dt.Size())
}
