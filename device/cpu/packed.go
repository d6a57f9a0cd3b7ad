package cpu

import (
	"slices"
	"time"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// A large product is worth packing both operands for, by all threads together,
// before it is computed. Larger ones are computed in slabs whose packed
// operands do not take more than slabBytes each.
const (
	worthPacking = 100 * time.Microsecond
	slabBytes    = 32 << 20
)

// The favourite block of a large product, and the smallest.
const (
	largeRows, leastRows = 256, 64
	largeCols, leastCols = 4 * cpu.PanelRows, cpu.PanelRows
)

// packed is a product that is computed in phases: pack, compute, pack, ...
type packed struct {
	*product
	part       cpu.Packed
	rows, cols int // of a block
	across     int // blocks side by side
}

// isLarge reports whether p is computed in phases.
func (p *product) isLarge() bool {
	return p.line.vendor == nil && p.matrices > 0 && p.line.matmul.Packs(&p.p) &&
		(p.p.InPlace() || atRate(float64(p.p.M)*float64(p.p.N)*float64(p.p.K), macRate) >= worthPacking)
}

// addPacked adds the phases of the plan's large products to a job, one slab
// after the other in the same memory.
func (p *plan) addPacked(j *job, space *workspace, threads int) error {
	p.packed = p.packed[:0]
	bytes, parts := 0, 0
	for i := range p.products {
		if w := &p.products[i]; w.isLarge() {
			bytes, parts = max(bytes, w.packedBytes()), parts+w.slabs()
		}
	}
	if parts == 0 {
		return nil
	}
	memory, err := space.take(bytes)
	if err != nil {
		return err
	}
	p.packed = slices.Grow(p.packed, parts) // jobs point into it
	for i := range p.products {
		if w := &p.products[i]; w.isLarge() {
			p.addSlabs(j, w, memory, threads)
		}
	}
	return nil
}

func (p *plan) addSlabs(j *job, w *product, memory unsafe.Pointer, threads int) {
	m, n := w.slab()
	rows, _ := w.p.PackedBytes(m, n)
	for matrix := range w.matrices {
		for n0 := 0; n0 < w.p.N; n0 += n {
			for m0 := 0; m0 < w.p.M; m0 += m {
				b := cpu.Block{Matrix: matrix, M0: m0, M1: min(m0+m, w.p.M), N0: n0, N1: min(n0+n, w.p.N)}
				p.packed = append(p.packed, packed{product: w, part: cpu.NewPacked(&w.p, b, memory, unsafe.Add(memory, rows))})
				l := &p.packed[len(p.packed)-1]
				blocks := l.split(threads)
				if steps := l.part.Steps(); steps > 0 {
					j.then((*packing)(l), steps)
					j.then(l, blocks)
				} else {
					j.add(l, blocks)
				}
			}
		}
	}
}

func (p *product) packedBytes() int {
	rows, columns := p.p.PackedBytes(p.slab())
	return rows + columns
}

func (p *product) slabs() int {
	m, n := p.slab()
	return p.matrices * ceil(p.p.M, m) * ceil(p.p.N, n)
}

// slab returns how many rows and columns to pack at a time.
func (p *product) slab() (m, n int) {
	most := max(slabBytes/4/p.p.K/largeCols, 1) * largeCols
	m, n = min(p.p.M, most), min(p.p.N, most)
	if rows, _ := p.p.PackedBytes(m, n); rows == 0 {
		m = p.p.M // they are not packed
	}
	return m, n
}

// split decides on blocks of the part.
func (l *packed) split(threads int) int {
	m, n := l.part.M1-l.part.M0, l.part.N1-l.part.N0
	l.rows, l.cols = largeRows, largeCols
	for ceil(m, l.rows)*ceil(n, l.cols) < 16*threads && (l.rows > leastRows || l.cols > leastCols) {
		if l.rows > leastRows {
			l.rows /= 2
		}
		if l.cols > leastCols {
			l.cols /= 2
		}
	}
	l.across = ceil(n, l.cols)
	return ceil(m, l.rows) * l.across
}

func (l *packed) compute(s *cpu.Scratch, block int) {
	m, n := block/l.across*l.rows, block%l.across*l.cols
	l.part.Compute(s, cpu.Block{
		M0: m, M1: min(m+l.rows, l.part.M1-l.part.M0),
		N0: n, N1: min(n+l.cols, l.part.N1-l.part.N0),
	})
}

// packing is the phase before.
type packing packed

func (l *packing) kernel() string                   { return l.line.key.Kernel }
func (l *packing) split(int) int                    { return l.part.Steps() }
func (l *packing) compute(s *cpu.Scratch, step int) { l.part.Pack(s, step) }

// workspace is memory for packed operands, kept from product to product.
type workspace struct{ memory []byte }

// take returns memory of so many bytes, aligned to a page.
func (w *workspace) take(bytes int) (unsafe.Pointer, error) {
	if len(w.memory) < bytes {
		w.free()
		memory, err := mapMemory(bytes)
		if err != nil {
			return nil, err
		}
		w.memory = memory
	}
	return unsafe.Pointer(unsafe.SliceData(w.memory)), nil
}

func (w *workspace) free() {
	if w.memory != nil {
		unmapMemory(w.memory)
		w.memory = nil
	}
}
