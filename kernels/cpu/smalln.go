package cpu

import (
	"math/bits"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// The sizes of blocks of a product over panels, in elements. Columns are taken
// in groups of up to 8. A tile's sums, the columns of one stretch of k and one
// panel of the same stretch share the second-level cache.
const (
	groupCols  = 8
	tileCols   = 256
	tileSums   = 1 << 15
	packedCols = 1 << 21 // packed columns of one tile, unless 8 have more
	longK      = 4096    // the most k of one call for a single group
)

// panelProduct is one block of a product being computed over panels.
type panelProduct struct {
	f *panelKernels
	s *Scratch
	p *Product
	Block
	of    *Product // what p is the mirror image of, or nil
	cols  int      // with those that fill up the last group
	x     *float32
	xs    int // distance of groups in x
	lastX int // distance of the rows of the last group in x
	first int // the row of A that panel 0 starts with; may be negative
}

// computePanels computes a block with the kernels of f: over the panels of A
// if there are any, else over panels packed on the way, a few KB at a time.
func computePanels(f *panelKernels, s *Scratch, p *Product, b Block) {
	width := max(groupCols, min(tileCols, packedCols/max(p.K, 1)/groupCols*groupCols))
	for n := b.N0; n < b.N1; {
		end, live := p.stretch(n, min(n+width, b.N1))
		part := Block{b.Matrix, b.M0, b.M1, n, end}
		switch {
		case !live || p.K == 0:
			p.finishColumns(s, part, nil, 0)
		case p.mirrored():
			computeMirrored(f, s, p, part)
		default:
			t := panelProduct{f: f, s: s, p: p, Block: part}
			t.compute()
		}
		n = end
	}
}

// mirrored reports whether p is sooner computed as C^T = B^T*A^T: few rows
// waste most of a panel. Elements are summed in the same order.
func (p *Product) mirrored() bool {
	return p.Panels.Ptr == nil && panelCost(p.N, p.M) < panelCost(p.M, p.N)
}

// panelCost is the multiplications that m rows and n columns take for each k.
// Packing an element costs about as much as 12.
func panelCost(m, n int) int {
	wide := n / groupCols * groupCols
	if n > wide {
		wide += 1 << bits.Len(uint(n-wide-1))
	}
	return roundUp(m, PanelRows)*wide + 12*m
}

func computeMirrored(f *panelKernels, s *Scratch, p *Product, b Block) {
	image := &s.panel.image
	*image = Product{M: p.N, N: p.M, K: p.K, A: p.B.T(), B: p.A.T()}
	t := panelProduct{f: f, s: s, p: image, of: p, Block: Block{b.Matrix, b.N0, b.N1, b.M0, b.M1}}
	t.compute()
}

func (t *panelProduct) compute() {
	tail := (t.N1 - t.N0) % groupCols
	t.lastX = groupCols
	if tail > 0 {
		t.lastX = 1 << bits.Len(uint(tail-1))
	}
	t.cols = t.N1 - t.N0 - tail
	if tail > 0 {
		t.cols += t.lastX
	}
	t.xs = groupCols * t.p.K
	t.x = t.s.panel.columns(t.f, t.p, t.Matrix, t.N0, t.N1)
	t.first = t.M0
	if t.p.Panels.Ptr != nil {
		t.first = -t.p.Panels.Row
	}
	q1 := (t.M1 - t.first + PanelRows - 1) / PanelRows
	step := max(1, tileSums/(PanelRows*t.cols))
	for q := (t.M0 - t.first) / PanelRows; q < q1; q += step {
		t.tile(q, min(q+step, q1))
	}
}

// tile computes the rows of panels [q0, q1).
func (t *panelProduct) tile(q0, q1 int) {
	ld := (q1 - q0) * PanelRows
	sums := grow(&t.s.panel.sums, ld*t.cols)
	if t.cols <= groupCols {
		t.oneGroup(q0, q1, sums)
	} else {
		t.groups(q0, q1, sums)
	}
	top := t.first + q0*PanelRows
	b := t.Block
	b.M0, b.M1 = max(b.M0, top), min(b.M1, top+ld)
	if t.of != nil {
		t.of.finishBlock(t.s, Block{b.Matrix, b.N0, b.N1, b.M0, b.M1}, sums[b.M0-top:], ld, 1)
		return
	}
	t.p.finishColumns(t.s, b, sums[b.M0-top:], ld)
}

// oneGroup goes through one panel after another.
func (t *panelProduct) oneGroup(q0, q1 int, sums []float32) {
	step := longK
	if t.p.Panels.Ptr == nil {
		step = packedK
	}
	multiply := t.f.multiply[typeIndex(t.p.A.Type)][log2(t.lastX)]
	ld := (q1 - q0) * PanelRows
	for q := q0; q < q1; q++ {
		c := &sums[(q-q0)*PanelRows]
		for k0 := 0; k0 < t.p.K; k0 += step {
			k := min(step, t.p.K-k0)
			multiply(k, t.chunk(q, k0, k), at(t.x, k0*t.lastX), t.lastX, c, ld, k0 > 0)
		}
	}
}

// groups goes through stretches of k, and through the panels for each. All
// columns are multiplied with a panel's stretch while it is in the cache, and
// meanwhile the next stretch is fetched.
func (t *panelProduct) groups(q0, q1 int, sums []float32) {
	step := stretchOf(t.cols)
	ld := (q1 - q0) * PanelRows
	for k0 := 0; k0 < t.p.K; k0 += step {
		k := min(step, t.p.K-k0)
		for q := q0; q < q1; q++ {
			var ahead fetch
			if t.p.Panels.Ptr != nil {
				ahead = t.ahead(q, q0, q1, k0, k, step)
			}
			a, dt := t.widened(t.chunk(q, k0, k), k)
			t.allColumns(a, dt, k0, k, &sums[(q-q0)*PanelRows], ld, ahead)
		}
	}
}

// widened returns a stretch of a panel as the kernels of many columns like it
// best, and the index of its type: binary16 takes two instructions to widen,
// which is done once for all if there are many.
func (t *panelProduct) widened(a *byte, k int) (*byte, int) {
	if t.p.A.Type != tensor.F16 || t.cols < 4*groupCols {
		return a, typeIndex(t.p.A.Type)
	}
	wide := grow(&t.s.panel.wide, PanelRows*k)
	load(wide, 1, line{unsafe.Pointer(a), tensor.F16, 1}, len(wide))
	return (*byte)(unsafe.Pointer(&wide[0])), typeIndex(tensor.F32)
}

// allColumns multiplies a stretch of a panel with every group of columns.
func (t *panelProduct) allColumns(a *byte, dt, k0, k int, c *float32, ld int, ahead fetch) {
	tile := t.f.tile[dt][2]
	for n := 0; n < t.cols; n += groupCols {
		x, to := at(t.x, n/groupCols*t.xs+k0*groupCols), at(c, n*ld)
		if n+groupCols > t.cols {
			x = at(t.x, n/groupCols*t.xs+k0*t.lastX)
			t.f.multiply[dt][log2(t.lastX)](k, a, x, t.lastX, to, ld, k0 > 0)
			return
		}
		tile(k, a, 0, x, groupCols, to, ld, k0 > 0, ahead.next, ahead.lines, nil, 0, 0)
		ahead.advance()
	}
}

// fetch is what a call of a tile kernel brings to the second-level cache:
// lines cache lines from next on for every four k. The next call goes on step
// bytes later, until size bytes are there.
type fetch struct {
	next              uintptr // may be past the end
	lines, step, size int
}

func (f *fetch) advance() {
	f.next += uintptr(f.step)
	if f.size -= f.step; f.size <= 0 {
		*f = fetch{}
	}
}

// ahead returns what to fetch while the stretch of panel q at k0 is computed.
func (t *panelProduct) ahead(q, q0, q1, k0, k, step int) fetch {
	if q++; q == q1 {
		q, k0 = q0, k0+k
	}
	if k0 >= t.p.K {
		return fetch{}
	}
	size := PanelBytes(t.p.A.Type, min(step, t.p.K-k0))
	return fetchOf(unsafe.Pointer(t.resident(q, k0)), size, t.cols/groupCols, k)
}

// fetchOf returns the fetch of size bytes in some calls of a kernel, with k each.
func fetchOf(from unsafe.Pointer, size, calls, k int) fetch {
	quads := max(1, k/4)
	lines := ceilDiv(size, 64*calls*quads)
	return fetch{next: uintptr(from), lines: lines, step: lines * quads * 64, size: size}
}

// chunk returns k columns of panel q from k0 on.
func (t *panelProduct) chunk(q, k0, k int) *byte {
	if t.p.Panels.Ptr != nil {
		return t.resident(q, k0)
	}
	m := t.first + q*PanelRows
	return t.s.panel.pack(t.f, t.p.A.from(t.Matrix, m, k0), min(PanelRows, t.M1-m), k)
}

// resident returns the columns of panel q from k0 on, an even number.
func (t *panelProduct) resident(q, k0 int) *byte {
	r := &t.p.Panels
	panel := unsafe.Add(r.Ptr, t.Matrix*r.BS+q*r.Stride)
	return (*byte)(unsafe.Add(panel, PanelBytes(t.p.A.Type, k0)))
}

// stretchOf returns how many k of so many columns stay in the cache.
func stretchOf(cols int) int { return max(128, min(512, tileSums/cols/4*4)) }

func log2(n int) int { return bits.Len(uint(n)) - 1 }

// at returns the address of element i of p.
func at(p *float32, i int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), 4*i)) }
