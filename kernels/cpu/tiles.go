package cpu

// accumulator adds A*B of one tile to the sums in s.acc.
type accumulator interface {
	// size returns the largest tile. Its area is at most maxAcc, rows are a
	// multiple of 4 and at most maxLine, as are cols.
	size() (rows, cols int)
	accumulate(s *Scratch, p *Product, t tile)
}

// tile is a block whose sums are in s.acc: element (m, n) of the product at
// acc[(m-M0)*ld + n-N0]. ld is a multiple of 4; up to three rows and columns
// past the end may be overwritten.
type tile struct {
	Block
	ld int
}

func (t tile) rows() int { return t.M1 - t.M0 }
func (t tile) cols() int { return t.N1 - t.N0 }

// compute runs an accumulator over the tiles of a block.
func compute(acc accumulator, s *Scratch, p *Product, b Block) {
	rows, cols := acc.size()
	for n := b.N0; n < b.N1; {
		end, live := p.stretch(n, min(n+cols, b.N1))
		live = live && p.K > 0
		for m := b.M0; m < b.M1; m += rows {
			t := tile{Block{b.Matrix, m, min(m+rows, b.M1), n, end}, roundUp(end-n, 4)}
			if live {
				clear(s.acc[:roundUp(t.rows(), 4)*t.ld])
				acc.accumulate(s, p, t)
			}
			p.finish(s, t, live)
		}
		n = end
	}
}

func roundUp(n, step int) int { return ceilDiv(n, step) * step }

func ceilDiv(n, by int) int { return (n + by - 1) / by }
