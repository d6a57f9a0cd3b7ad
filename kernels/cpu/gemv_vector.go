package cpu

import (
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// The sizes of the dot products in vectors, in elements.
const (
	dotSums  = 64   // partial sums: those of k = 0, 1, 2, ... modulo 64
	dotK     = 4096 // a multiple of dotSums
	dotGroup = 8    // rows that are copied together
	dotArea  = (maxAcc - gemvRows*gemvCols) / dotSums
)

// accumulateDots computes a tile of gemv in parts whose partial sums fit.
func accumulateDots(s *Scratch, p *Product, t tile) {
	rows := dotArea / t.ld
	for m := t.M0; m < t.M1; m += rows {
		part := t
		part.M0, part.M1 = m, min(m+rows, t.M1)
		accumulatePart(s, p, part, s.acc[(m-t.M0)*t.ld:])
	}
}

func accumulatePart(s *Scratch, p *Product, t tile, acc []float32) {
	cols := t.cols()
	sums := unsafe.Slice((*[dotSums]float32)(unsafe.Pointer(&s.acc[gemvRows*gemvCols])), dotArea)[:t.rows()*cols]
	clear(sums)
	for k0 := 0; k0 < p.K; k0 += dotK {
		k := min(dotK, p.K-k0)
		step := roundUp(k, dotSums)
		x := s.b[:min(cols, maxTile/dotK)*step]
		for n := 0; n < cols; n += maxTile / dotK {
			some := min(maxTile/dotK, cols-n)
			for j := range some {
				padded(x[j*step:(j+1)*step], p.B.from(t.Matrix, k0, t.N0+n).T().row(j), k)
			}
			for m := t.M0; m < t.M1; m += dotGroup {
				group := dotsOf{p.A.from(t.Matrix, m, k0), min(dotGroup, t.M1-m), k}
				group.multiply(s, x[:some*step], some, sums[(m-t.M0)*cols+n:], cols)
			}
		}
	}
	for i := range t.rows() {
		for j := range cols {
			acc[i*t.ld+j] = total(&sums[i*cols+j])
		}
	}
}

// dotsOf is a few rows of A over a stretch of k.
type dotsOf struct {
	a       Mat
	rows, k int
}

// multiply adds the rows' products with cols columns of x to their sums; those
// of a row are ld after the row's before.
func (g *dotsOf) multiply(s *Scratch, x []float32, cols int, sums [][dotSums]float32, ld int) {
	step := len(x) / cols
	whole := 0 // columns of A that are used where they lie
	if g.a.CS == 1 {
		whole = g.k / dotSums * dotSums
	}
	rest := step - whole
	var copied []float32
	if rest > 0 { // else there is nothing, and no memory, from whole on
		copied = g.copy(s.a[:g.rows*rest], whole)
	}
	for i := range g.rows {
		for j := range cols {
			l, column := &sums[i*ld+j], x[j*step:(j+1)*step]
			dotVector(g.a.row(i), column[:whole], l)
			if rest > 0 {
				dotVector(line{unsafe.Pointer(&copied[i*rest]), tensor.F32, 1}, column[whole:], l)
			}
		}
	}
}

// copy widens the columns of A from first on, with zeros up to the end of dst.
func (g *dotsOf) copy(dst []float32, first int) []float32 {
	rest := len(dst) / g.rows
	if g.a.RS < g.a.CS {
		clear(dst)
		for k := first; k < g.k; k++ {
			load(dst[k-first:], rest, g.a.T().row(k), g.rows)
		}
		return dst
	}
	for i := range g.rows {
		padded(dst[i*rest:(i+1)*rest], g.a.row(i).from(first), g.k-first)
	}
	return dst
}

// padded widens n elements to dst, with zeros up to its end.
func padded(dst []float32, src line, n int) {
	load(dst, 1, src, n)
	clear(dst[n:])
}

// total adds the partial sums: lane by lane the four 16 apart, then halves of
// what is left until there is one.
func total(l *[dotSums]float32) float32 {
	var s [16]float32
	for i := range s {
		s[i] = (l[i] + l[i+16]) + (l[i+32] + l[i+48])
	}
	for n := len(s) / 2; n > 0; n /= 2 {
		for i := range n {
			s[i] += s[i+n]
		}
	}
	return s[0]
}
