package cpu

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Packed is part of a product that is large in every direction: rows [M0, M1)
// and columns [N0, N1) of one matrix. What kernels cannot read where it lies is
// packed once, by all threads together, and then read by all blocks: B in
// panels of 48 columns, A in groups of 8 rows, both k-major. A tile is the
// product of a panel and a group; its sums are parts of rows of C. Every
// element is summed over k = 0, 1, 2, ...
type Packed struct {
	Block
	p       *Product
	f       *panelKernels
	groups  *float32       // packed rows of A
	panels  unsafe.Pointer // packed columns of B
	inPlace inPlace
}

// inPlace says which operands are read where they lie: whole groups of rows of
// A, and panels of 16, 32 or 48 columns of B.
type inPlace struct{ a, b bool }

// inPlaceLD is the distance of rows, in elements, up to which an operand is
// read where it lies. Further apart, the rows of a tile crowd each other out of
// the caches, and what comes next cannot be fetched line by line.
const inPlaceLD = 512

// Packs reports whether p can be computed as Packed.
func (k *Matmul) Packs(p *Product) bool {
	if !k.packs || panelTables[level] == nil || p.M*p.N*p.K == 0 || p.Panels.Ptr != nil {
		return false
	}
	for i := range p.Runs {
		if p.Runs[i].Alpha == 0 { // these columns are not read
			return false
		}
	}
	return true
}

// inPlace decides what is not packed.
func (p *Product) inPlace() inPlace {
	if panelTables[level].apart[0] == nil || p.M < groupCols || p.A.Type != tensor.F32 || p.B.Type != tensor.F32 ||
		p.A.CS != 1 || p.A.RS > inPlaceLD {
		return inPlace{}
	}
	return inPlace{a: true, b: p.B.CS == 1 && p.B.RS <= inPlaceLD}
}

// InPlace reports whether hardly anything of a product that can be computed as
// Packed is packed: then any size is worth it.
func (p *Product) InPlace() bool { return p.inPlace().b }

// PackedBytes returns the memory that packing m rows of A and n columns of B
// takes, multiples of 64 bytes.
func (p *Product) PackedBytes(m, n int) (rows, columns int) {
	keep := p.inPlace()
	if !keep.a {
		rows = 4 * ceilDiv(m, groupCols) * groupSize(p.K)
	}
	switch {
	case !keep.b:
		columns = ceilDiv(n, PanelRows) * p.panelBytes()
	case p.N%vectorCols != 0:
		columns = p.panelBytes()
	}
	return rows, columns
}

// vectorCols is the columns that a kernel takes at the least.
const vectorCols = 16

// groupSize returns the distance of groups of 8 packed rows of A, in elements.
// A stretch of k of one group must not lie a large power of two from the next
// group's: the second-level cache could not hold them together.
func groupSize(k int) int {
	const page = 4096 / 4
	n := roundUp(groupCols*k, 16)
	if n%(16*page) < page || n%(16*page) > 15*page {
		n += 2 * page
	}
	return n
}

// panelBytes is the distance of panels of columns of B.
func (p *Product) panelBytes() int { return roundUp(PanelBytes(p.B.Type, p.K), 64) }

// NewPacked returns the part b of p, to be packed into memory for its rows and
// its columns. Parts start at multiples of 8 rows and 48 columns.
func NewPacked(p *Product, b Block, rows, columns unsafe.Pointer) Packed {
	return Packed{
		Block: b, p: p, f: panelTables[level], groups: (*float32)(rows), panels: columns,
		inPlace: p.inPlace(),
	}
}

func (t *Packed) rows() int { return t.M1 - t.M0 }
func (t *Packed) cols() int { return t.N1 - t.N0 }

// firstPanel returns the first panel that is packed; if columns are read in
// place that is the last one, or none.
func (t *Packed) firstPanel() int {
	switch {
	case !t.inPlace.b:
		return 0
	case t.cols()%vectorCols == 0:
		return t.endPanel()
	}
	return t.cols() / PanelRows
}

func (t *Packed) endPanel() int { return ceilDiv(t.cols(), PanelRows) }

// packedRows is the rows of A that one step packs.
const packedRows = 6 * groupCols

// Steps returns the number of calls of Pack that pack everything.
func (t *Packed) Steps() int {
	steps := t.endPanel() - t.firstPanel()
	if !t.inPlace.a {
		steps += ceilDiv(t.rows(), packedRows)
	}
	return steps
}

// Pack does one step of packing. Steps may be done at once, each caller with
// its own scratch.
func (t *Packed) Pack(s *Scratch, step int) {
	if q := t.firstPanel() + step; q < t.endPanel() {
		n := q * PanelRows
		b := t.p.B.from(t.Matrix, 0, t.N0+n).T()
		packPanel(t.f, t.panel(q, 0), b, min(PanelRows, t.cols()-n), t.p.K)
		return
	}
	m0 := (step - t.endPanel() + t.firstPanel()) * packedRows
	for m := m0; m < min(m0+packedRows, t.rows()); m += groupCols {
		a := t.p.A.from(t.Matrix, t.M0+m, 0).T()
		x := unsafe.Slice(t.group(m, 0), groupCols*t.p.K)
		s.panel.group(t.f, x, a, min(groupCols, t.rows()-m), groupCols, t.p.K)
	}
}

// group returns where the packed rows from m on are, from k on.
func (t *Packed) group(m, k int) *float32 {
	return at(t.groups, m/groupCols*groupSize(t.p.K)+k*groupCols)
}

// panel returns where packed panel q is, from an even k on.
func (t *Packed) panel(q, k int) unsafe.Pointer {
	return unsafe.Add(t.panels, (q-t.firstPanel())*t.p.panelBytes()+PanelBytes(t.p.B.Type, k))
}
