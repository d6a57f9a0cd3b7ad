package cpu

// simd is the register-blocked product over packed panels of A and B.
type simd struct{}

const (
	simdRows = 128
	simdCols = 128
	simdK    = 256
)

func (simd) size() (rows, cols int) { return simdRows, simdCols }

func (simd) accumulate(s *Scratch, p *Product, t tile) {
	rows, cols := t.rows(), t.cols()
	for k0 := 0; k0 < p.K; k0 += simdK {
		k := min(simdK, p.K-k0)
		pack(s.a[:], p.A.from(t.Matrix, t.M0, k0).T(), k, rows, 2, s.other[:])
		pack(s.b[:], p.B.from(t.Matrix, k0, t.N0), k, cols, 4, s.other[:])
		for j := 0; j < cols; j += 4 {
			b := panels4(s.b[j*k : (j+4)*k])
			for i := 0; i < rows; i += 2 {
				acc := s.acc[i*t.ld+j:]
				a := panels2(s.a[i*k : (i+2)*k])
				microPacked2x4((*[4]float32)(acc), (*[4]float32)(acc[t.ld:]), a, b)
			}
		}
	}
}
