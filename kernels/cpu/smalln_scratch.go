package cpu

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// packedK is the k of one panel that is packed on the way: it stays in the
// first-level cache. zipK is likewise of columns that are converted.
const (
	packedK = 128
	zipK    = 512
)

// panelScratch is the working memory of products over panels.
type panelScratch struct {
	x    []float32 // packed columns
	of   columnsOf // which they are
	sums []float32
	own  []float32 // a stretch of a panel
	wide []float32 // likewise, widened

	image Product // the mirror image of one being computed

	lines [groupCols][]float32 // converted columns, zipK of each
	list  [groupCols]*float32
}

// columnsOf names columns of a product. An ID of 0 names none.
type columnsOf struct {
	id             uint64
	matrix, n0, n1 int
}

// columns returns columns [n0, n1) of B as float32 in groups of 8, k-major: row
// k of the group that starts with column n is at (n-n0)*K + k*8. The last
// group's rows are 1, 2, 4 or 8 columns; those too many hold anything. Blocks
// of one product that a goroutine computes share the packed columns.
func (s *panelScratch) columns(f *panelKernels, p *Product, matrix, n0, n1 int) *float32 {
	b := p.B.from(matrix, 0, n0)
	if n1-n0 == 1 && b.Type == tensor.F32 && (b.RS == 1 || p.K == 1) {
		return (*float32)(b.Ptr)
	}
	of := columnsOf{p.ID, matrix, n0, n1}
	size := roundUp(n1-n0, groupCols) * p.K
	if of.id != 0 && of == s.of && len(s.x) >= size {
		return &s.x[0]
	}
	s.of = columnsOf{}
	x := grow(&s.x, size)
	for n := 0; n < n1-n0; n += groupCols {
		cols := min(groupCols, n1-n0-n)
		s.group(f, x[n*p.K:], b.from(0, 0, n), cols, 1<<log2(2*cols-1), p.K)
	}
	s.of = of
	return &x[0]
}

// group packs n columns of b as rows of w.
func (s *panelScratch) group(f *panelKernels, x []float32, b Mat, n, w, k int) {
	if b.RS > b.CS && n > 1 {
		for i := range k {
			load(x[i*w:], 1, b.row(i), n)
		}
		return
	}
	for k0 := 0; k0 < k; k0 += zipK {
		s.zip(f, x[k0*w:], b.from(0, k0, 0), n, w, min(zipK, k-k0))
	}
}

// zip packs a stretch of n columns as rows of w.
func (s *panelScratch) zip(f *panelKernels, x []float32, b Mat, n, w, k int) {
	if w == 1 {
		load(x, 1, b.T().row(0), k)
		return
	}
	for j := range w {
		column := b.T().row(min(j, n-1))
		if b.Type == tensor.F32 && b.RS == 1 {
			s.list[j] = (*float32)(column.ptr)
			continue
		}
		load(grow(&s.lines[j], zipK), 1, column, k)
		s.list[j] = &s.lines[j][0]
	}
	blocks := k / f.zipped
	if blocks > 0 {
		f.zip[log2(w)](&x[0], &s.list, blocks)
	}
	for j := range w {
		for i := blocks * f.zipped; i < k; i++ {
			x[i*w+j] = *at(s.list[j], i)
		}
	}
	clear(s.list[:]) // they may keep a caller's memory alive
}

// pack packs a stretch of a panel.
func (s *panelScratch) pack(f *panelKernels, a Mat, rows, k int) *byte {
	own := unsafe.Pointer(&grow(&s.own, PanelBytes(a.Type, k)/4)[0])
	packPanel(f, own, a, rows, k)
	return (*byte)(own)
}

// grow returns n elements of memory aligned to a cache line. It keeps what was
// there only if there was room.
func grow(memory *[]float32, n int) []float32 {
	if cap(*memory) < n {
		const line = 16
		all := make([]float32, n+line)
		skip := int(-uintptr(unsafe.Pointer(&all[0]))%(4*line)) / 4
		*memory = all[skip : skip+n : skip+n]
	}
	*memory = (*memory)[:n]
	return *memory
}
