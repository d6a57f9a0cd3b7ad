package cpu

// gemv computes one dot product per element of C, in 64 partial sums where
// there are generated functions and in 4 elsewhere. A row of A is widened once
// for all columns of a tile.
type gemv struct{}

const (
	gemvRows  = 64
	gemvCols  = 16
	gemvK     = 512 // a multiple of lanes
	gemvGroup = 16
	lanes     = 4
)

func (gemv) size() (rows, cols int) { return gemvRows, gemvCols }

func (gemv) accumulate(s *Scratch, p *Product, t tile) {
	if level != Portable {
		accumulateDots(s, p, t)
		return
	}
	cols := t.cols()
	// The lanes of every sum come after the sums themselves.
	sums := s.acc[gemvRows*gemvCols:][:t.rows()*t.ld*lanes]
	clear(sums)
	for k0 := 0; k0 < p.K; k0 += gemvK {
		k := min(gemvK, p.K-k0)
		pack(s.b[:], p.B.from(t.Matrix, k0, t.N0), k, cols, 1, s.other[:])
		for m := t.M0; m < t.M1; m += gemvGroup {
			a := newRowTile(p.A.from(t.Matrix, m, k0), min(gemvGroup, t.M1-m), k, true, s.a[:])
			for i := range a.rows {
				row := a.row(i)
				for j := range cols {
					l := (*[lanes]float32)(sums[((m-t.M0+i)*t.ld+j)*lanes:])
					dot(l, row, s.b[j*k:(j+1)*k])
				}
			}
		}
	}
	for i := range t.rows() * t.ld {
		l := (*[lanes]float32)(sums[i*lanes:])
		s.acc[i] = (l[0] + l[1]) + (l[2] + l[3])
	}
}

// dot adds a[k]*b[k] to lane k modulo 4.
func dot(l *[lanes]float32, a, b []float32) {
	s0, s1, s2, s3 := l[0], l[1], l[2], l[3]
	for len(a) >= lanes && len(b) >= lanes {
		s0 += float32(a[0] * b[0])
		s1 += float32(a[1] * b[1])
		s2 += float32(a[2] * b[2])
		s3 += float32(a[3] * b[3])
		a, b = a[lanes:], b[lanes:]
	}
	*l = [lanes]float32{s0, s1, s2, s3}
	for k, x := range a {
		l[k] += float32(x * b[k])
	}
}
