package cpu

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/device/cpu/blas"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// vendorKernel is the catalog's name of the platform's BLAS.
const vendorKernel = "matmul_mps"

// vendor computes products with the platform's BLAS, one at a time, each on as
// many threads as the device has. The bits of a column then depend on how many
// stand beside it, and which NaN is stored is the library's business.
//
// Neighbouring columns with equal alpha and beta are one call; the bias is
// added after it. What BLAS cannot describe (half floats, matrices that are
// contiguous in neither direction) is copied, block by block. Columns without
// a product are left to a kernel of ours.
type vendor struct {
	blas    *blas.Library
	threads int
	// block is the most elements of a block that is copied, unless a single
	// row or column has more.
	block int

	// Copies of blocks. They belong to the goroutine that has acquired the
	// library.
	a, b, c []float32
}

func newVendor(library *blas.Library, threads int) *vendor {
	return &vendor{blas: library, threads: threads, block: 1 << 21}
}

// rest computes what is left to a kernel of ours.
var rest = cpu.Matmuls["matmul_mlx"]

// compute computes one matrix of a batch.
func (v *vendor) compute(s *cpu.Scratch, p *cpu.Product, matrix int) {
	v.blas.Acquire(v.threads)
	defer v.blas.Release()
	n := 0
	for runs := p.Runs; len(runs) > 0; {
		first, count := &runs[0], 1
		cols := first.Columns
		for count < len(runs) && runs[count].Alpha == first.Alpha && runs[count].Beta == first.Beta {
			cols += runs[count].Columns
			count++
		}
		switch {
		case cols == 0:
		case first.Alpha != 0 && p.K > 0 && p.K <= blas.Most:
			v.stretch(p, matrix, n, cols, runs[:count])
		default:
			rest.Compute(s, p, cpu.Block{Matrix: matrix, M1: p.M, N0: n, N1: n + cols})
		}
		n, runs = n+cols, runs[count:]
	}
}

// stretch is columns with equal factors, oriented so that the rows of C are
// contiguous if BLAS can write to C at all.
type stretch struct {
	m, n, k     int
	alpha, beta float32
	a, b, c     cpu.Mat
	runs        []cpu.Run
	mirrored    bool // the runs lie across the rows
}

func (v *vendor) stretch(p *cpu.Product, matrix, n, cols int, runs []cpu.Run) {
	s := stretch{
		m: p.M, n: cols, k: p.K, alpha: runs[0].Alpha, beta: runs[0].Beta, runs: runs,
		a: from(p.A, matrix, 0, 0), b: from(p.B, matrix, 0, n), c: from(p.C, matrix, 0, n),
	}
	c, direct := describe(s.c, s.m, s.n)
	if c.Trans {
		s.m, s.n, s.a, s.b, s.c, s.mirrored = s.n, s.m, s.b.T(), s.a.T(), s.c.T(), true
	}
	rows, cols := v.split(&s, direct)
	for j := 0; j < s.n; j += cols {
		w := min(cols, s.n-j)
		b := v.operand(&v.b, from(s.b, 0, 0, j), s.k, w)
		for i := 0; i < s.m; i += rows {
			h := min(rows, s.m-i)
			a := v.operand(&v.a, from(s.a, 0, i, 0), h, s.k)
			v.part(&s, direct, i, j, h, w, a, b)
		}
	}
}

// split returns the size of blocks of C: all of it where nothing is copied.
func (v *vendor) split(s *stretch, direct bool) (rows, cols int) {
	rows, cols = min(s.m, blas.Most), min(s.n, blas.Most)
	if _, ok := describe(s.a, rows, s.k); !ok {
		rows = min(rows, max(1, v.block/s.k))
	}
	if _, ok := describe(s.b, s.k, cols); !ok {
		cols = min(cols, max(1, v.block/s.k))
	}
	if !direct {
		cols = min(cols, v.block)
		rows = min(rows, max(1, v.block/cols))
	}
	return rows, cols
}

// operand describes a matrix, a copy of it if need be.
func (v *vendor) operand(memory *[]float32, m cpu.Mat, rows, cols int) blas.Matrix {
	if d, ok := describe(m, rows, cols); ok {
		return d
	}
	trans := m.RS < m.CS
	if trans {
		m, rows, cols = m.T(), cols, rows
	}
	return blas.Matrix{Ptr: unsafe.Pointer(&widened(memory, m, rows, cols)[0]), LD: cols, Trans: trans}
}

// part computes h x w elements of C from (i, j) on.
func (v *vendor) part(s *stretch, direct bool, i, j, h, w int, a, b blas.Matrix) {
	c := from(s.c, 0, i, j)
	if direct {
		there, _ := describe(c, h, w)
		v.product(h, w, s.k, s.alpha, a, b, s.beta, there)
		s.addBiases(i, j, h, w)
		return
	}
	sums := grown(&v.c, h*w)
	v.product(h, w, s.k, 1, a, b, 0, blas.Matrix{Ptr: unsafe.Pointer(&sums[0]), LD: w})
	s.finish(sums, i, j, h, w)
}

// product is one call of BLAS. A single row or column is left to gemv, which
// reads a matrix much faster than gemm does for one.
func (v *vendor) product(m, n, k int, alpha float32, a, b blas.Matrix, beta float32, c blas.Matrix) {
	switch {
	case n == 1:
		v.gemv(m, k, alpha, a, blas.Vector{Ptr: b.Ptr, Inc: step(b.LD, b.Trans)}, beta, blas.Vector{Ptr: c.Ptr, Inc: c.LD})
	case m == 1:
		b.Trans = !b.Trans
		v.gemv(n, k, alpha, b, blas.Vector{Ptr: a.Ptr, Inc: step(a.LD, !a.Trans)}, beta, blas.Vector{Ptr: c.Ptr, Inc: 1})
	default:
		v.blas.Gemm(m, n, k, alpha, a, b, beta, c)
	}
}

// step returns the distance of the elements of a column.
func step(ld int, contiguous bool) int {
	if contiguous {
		return 1
	}
	return ld
}

func (v *vendor) gemv(m, k int, alpha float32, a blas.Matrix, x blas.Vector, beta float32, y blas.Vector) {
	if beta == 0 {
		for i := range m {
			*(*float32)(unsafe.Add(y.Ptr, 4*i*y.Inc)) = 0
		}
	}
	v.blas.Gemv(m, k, alpha, a, x, beta, y)
}
