package cpu

import "unsafe"

// The k of one stretch and the sums that a block keeps, in elements: the sums,
// and two panels' and two stretches of the rows, those in use and those that
// come next, share the second-level cache.
const (
	packedStretch = 256
	packedSums    = 1 << 16
)

// packedBlock is a block of a packed product being computed.
type packedBlock struct {
	*Packed
	s      *Scratch
	m0, m1 int // rows, counted from the part's first
	n0, n1 int // columns
	out    outlet
	sums   []float32 // of element (m, n) at (m-m0)*ld + n-n0
	ld     int

	fetched int // half groups of rows whose next stretch is fetched or was
}

// Compute computes rows [M0, M1) and columns [N0, N1) of the part, counted from
// its own first; M0 is a multiple of 8, N0 one of 48. Everything must have been
// packed. Blocks that do not overlap may be computed at once.
func (t *Packed) Compute(s *Scratch, b Block) {
	width := max(1, packedSums/roundUp(b.M1-b.M0, groupCols)/PanelRows) * PanelRows
	for n := b.N0; n < b.N1; n += width {
		w := packedBlock{Packed: t, s: s, m0: b.M0, m1: b.M1, n0: n, n1: min(n+width, b.N1)}
		w.compute()
	}
}

func (w *packedBlock) compute() {
	w.ld = roundUp(w.n1-w.n0, PanelRows)
	w.sums = grow(&w.s.panel.sums, w.ld*roundUp(w.m1-w.m0, groupCols))
	w.out = w.outlet()
	for k0 := 0; k0 < w.p.K; k0 += packedStretch {
		k := min(packedStretch, w.p.K-k0)
		w.fetched = 0
		for n := w.n0; n < w.n1; n += PanelRows {
			w.stretch(n, k0, k)
		}
	}
	w.finish()
}

// stretch multiplies k of the panel from column n on with all rows.
func (w *packedBlock) stretch(n, k0, k int) {
	dt := typeIndex(w.p.B.Type)
	kind := (min(PanelRows, w.cols()-n) - 1) / vectorCols
	kernel := w.f.tile[dt][kind]
	if w.inPlace.a {
		kernel = w.f.apart[kind]
	}
	a, as := w.columns(n/PanelRows, k0)
	last := k0+k == w.p.K
	ahead := w.nextPanel(n, k0, k)
	for m := w.m0; m < w.m1; m += groupCols {
		x, xs := w.x(m, k0)
		var out *float32
		if last {
			out = w.out.at(m-w.m0, n-w.n0)
		}
		c := &w.sums[(m-w.m0)*w.ld+n-w.n0]
		kernel(k, a, as, x, xs, c, w.ld, k0 > 0, ahead.next, ahead.lines, out, w.out.ld, w.out.alpha)
		if ahead.advance(); ahead.lines == 0 {
			ahead = w.nextRows(k0, k)
		}
	}
}

// nextPanel returns what to fetch first while k of the panel from column n on
// are multiplied: the panel that comes next.
func (w *packedBlock) nextPanel(n, k0, k int) fetch {
	if n += PanelRows; n >= w.n1 {
		n, k0 = w.n0, k0+k
	}
	q := n / PanelRows
	if k0 >= w.p.K || q < w.firstPanel() {
		return fetch{}
	}
	size := PanelBytes(w.p.B.Type, min(packedStretch, w.p.K-k0))
	return fetchOf(w.panel(q, k0), size, ceilDiv(w.m1-w.m0, groupCols), k)
}

// nextRows returns what to fetch then: half a group of the rows after this
// stretch of k, one half after the other until all are there.
func (w *packedBlock) nextRows(k0, k int) fetch {
	k0 += k
	m := w.m0 + w.fetched/2*groupCols
	if k0 >= w.p.K || m >= w.m1 || w.inPlace.a {
		return fetch{}
	}
	half := min(packedStretch, w.p.K-k0) / 2
	from := w.group(m, k0+w.fetched%2*half)
	w.fetched++
	return fetchOf(unsafe.Pointer(from), 4*groupCols*half, 1, k)
}

// columns returns where panel q is from k on, and, for tiles of operands in
// place, how many bytes its rows are apart.
func (w *packedBlock) columns(q, k int) (a *byte, as int) {
	if q >= w.firstPanel() {
		return (*byte)(w.panel(q, k)), 4 * PanelRows
	}
	b := w.p.B.from(w.Matrix, k, w.N0+q*PanelRows)
	return (*byte)(b.Ptr), 4 * b.RS
}

// x returns where the group of rows from m on is, from k on. The last rows in
// place are a group with those before.
func (w *packedBlock) x(m, k int) (x *float32, xs int) {
	if !w.inPlace.a {
		return w.group(m, k), groupCols
	}
	a := w.p.A.from(w.Matrix, min(w.M0+m, w.p.M-groupCols), k)
	return (*float32)(a.Ptr), a.RS
}

// finish stores what has not gone out: the columns that fill no vector and the
// rows that fill no group.
func (w *packedBlock) finish() {
	whole := (w.m1 - w.m0) / groupCols * groupCols // rows in whole groups
	if w.out.ptr == nil {
		w.store(0, whole, 0, 0)
	} else {
		w.store(0, w.out.rows, w.out.cols, 0)
	}
	skip := 0
	if w.inPlace.a {
		skip = max(0, w.M0+w.m0+whole+groupCols-w.p.M)
	}
	w.store(whole, w.m1-w.m0, 0, skip)
}

// store stores rows [m0, m1) of the block and its columns from n on. The sums
// of the rows lie skip rows further on.
func (w *packedBlock) store(m0, m1, n, skip int) {
	if m0 >= m1 || w.n0+n >= w.n1 {
		return
	}
	b := Block{w.Matrix, w.M0 + w.m0 + m0, w.M0 + w.m0 + m1, w.N0 + w.n0 + n, w.N0 + w.n1}
	w.p.finishBlock(w.s, b, w.sums[(m0+skip)*w.ld+n:], w.ld, 1)
}
