package cpu

// streamed reads A once, a few rows at a time, and multiplies them with all
// columns of the tile while they are in the first-level cache. B is packed.
type streamed struct {
	rows, cols, k int  // the tile; cols is a multiple of width
	group         int  // rows of A that are widened together
	width         int  // columns in a panel of B: 1, 2 or 4
	direct        bool // use A where it lies if it is float32 and contiguous
}

func (e *streamed) size() (rows, cols int) { return e.rows, e.cols }

func (e *streamed) accumulate(s *Scratch, p *Product, t tile) {
	for k0 := 0; k0 < p.K; k0 += e.k {
		k := min(e.k, p.K-k0)
		pack(s.b[:], p.B.from(t.Matrix, k0, t.N0), k, t.cols(), e.width, s.other[:])
		for m := t.M0; m < t.M1; m += e.group {
			rows := min(e.group, t.M1-m)
			a := newRowTile(p.A.from(t.Matrix, m, k0), rows, k, e.direct, s.a[:])
			e.multiply(s, &a, t, m-t.M0)
		}
	}
}

// multiply adds a's rows, the tile's rows from first on, times the packed
// columns to the sums.
func (e *streamed) multiply(s *Scratch, a *rowTile, t tile, first int) {
	for i := 0; i < a.rows; i += 4 {
		acc := s.acc[(first+i)*t.ld:]
		a0, a1, a2, a3 := a.row(i), a.row(i+1), a.row(i+2), a.row(i+3)
		for j := 0; j < t.cols(); j += e.width {
			b := s.b[j*a.k : (j+e.width)*a.k]
			c0, c1, c2, c3 := acc[j:], acc[j+t.ld:], acc[j+2*t.ld:], acc[j+3*t.ld:]
			switch e.width {
			case 1:
				micro4x1(&c0[0], &c1[0], &c2[0], &c3[0], a0, a1, a2, a3, b)
			case 2:
				micro2x2((*[2]float32)(c0), (*[2]float32)(c1), a0, a1, panels2(b))
				micro2x2((*[2]float32)(c2), (*[2]float32)(c3), a2, a3, panels2(b))
			case 4:
				micro2x4((*[4]float32)(c0), (*[4]float32)(c1), a0, a1, panels4(b))
				micro2x4((*[4]float32)(c2), (*[4]float32)(c3), a2, a3, panels4(b))
			}
		}
	}
}

// smallN returns the small-N kernel of a bucket, by its register width. Any
// number of columns is computed; A is read once for each 64.
func smallN(width int) *streamed {
	return &streamed{rows: 256, cols: 64, k: 512, group: 16, width: width, direct: true}
}

// mlx is the cache-blocked product after MLX's design: square tiles of C, and
// tiles of both operands copied to fast memory.
var mlx = &streamed{rows: 64, cols: 64, k: 256, group: 64, width: 4}
