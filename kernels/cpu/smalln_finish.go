package cpu

import "unsafe"

// finishColumns stores alpha*sums + beta*C + bias for a block of C. The sum of
// its element (m, n) is sums[(n-N0)*ld + m-M0]; no sums count as 0.
func (p *Product) finishColumns(s *Scratch, b Block, sums []float32, ld int) {
	p.finishBlock(s, b, sums, 1, ld)
}

// finishBlock is finishColumns for sums that lie along down a column and
// across from column to column.
func (p *Product) finishBlock(s *Scratch, b Block, sums []float32, along, across int) {
	start := 0
	for i := range p.Runs {
		r := &p.Runs[i]
		lo, hi := max(start, b.N0), min(start+r.Columns, b.N1)
		if lo < hi {
			f := finishing{
				s: s, alpha: r.Alpha, beta: r.Beta, c: p.C.from(b.Matrix, b.M0, lo), bias: r.Bias,
				rows: b.M1 - b.M0, cols: hi - lo, along: along, across: across,
			}
			if f.bias.Ptr != nil {
				f.bias = f.bias.from(b.Matrix, b.M0, lo-start)
			}
			if sums != nil {
				f.sums = sums[(lo-b.N0)*across:]
			}
			f.run()
		}
		if start += r.Columns; start >= b.N1 {
			return
		}
	}
}

// finishing is the part of a block that has the same factors.
type finishing struct {
	s             *Scratch
	alpha, beta   float32
	c, bias       Mat
	rows, cols    int
	sums          []float32
	along, across int // distances of sums down a column and from column to column
}

// run goes down the columns, or along the rows where C is contiguous that way.
func (f *finishing) run() {
	if f.c.CS < f.c.RS && f.cols >= narrow {
		f.c, f.bias = f.c.T(), f.bias.T()
		f.rows, f.cols, f.along, f.across = f.cols, f.rows, f.across, f.along
	}
	c, step := f.c.T().row(0), f.c.CS*f.c.Type.Size()
	simple := f.sums != nil && f.along == 1 && f.beta == 0 && f.bias.Ptr == nil
	for j := range f.cols {
		if j > 0 {
			c.ptr = unsafe.Add(c.ptr, step)
		}
		if simple {
			storeScaled(c, f.sums[j*f.across:][:f.rows], f.alpha)
			continue
		}
		for i := 0; i < f.rows; i += maxLine {
			f.line(c.from(i), i, j, min(maxLine, f.rows-i))
		}
	}
}

// line finishes n elements of column j from row i on.
func (f *finishing) line(c line, i, j, n int) {
	out, other := f.s.out[:n], f.s.other[:n]
	clear(out)
	if f.sums != nil {
		scale(out, f.sums[i*f.along+j*f.across:], f.along, f.alpha)
	}
	if f.beta != 0 {
		load(other, 1, c, n)
		addScaled(out, other, f.beta)
	}
	if f.bias.Ptr != nil {
		load(other, 1, f.bias.T().row(j).from(i), n)
		add(out, other)
	}
	store(c, out)
}
