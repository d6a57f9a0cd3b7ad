package cpu

// finish stores alpha*acc + beta*C + bias for one tile of C; a dead tile's sums
// are not looked at and count as 0.
func (p *Product) finish(s *Scratch, t tile, live bool) {
	start := 0
	for i := range p.Runs {
		r := &p.Runs[i]
		lo, hi := max(start, t.N0), min(start+r.Columns, t.N1)
		if lo < hi {
			part := tile{Block{t.Matrix, t.M0, t.M1, lo, hi}, t.ld}
			p.finishRun(s, r, part, start, s.acc[lo-t.N0:], live)
		}
		if start += r.Columns; start >= t.N1 {
			return
		}
	}
}

// narrow is the width below which a run is stored down its columns, even when
// the rows of C are contiguous.
const narrow = 8

// finishRun stores the columns of one run, in lines along rows or columns,
// whichever suits C. first is the run's first column.
func (p *Product) finishRun(s *Scratch, r *Run, t tile, first int, acc []float32, live bool) {
	c, bias := p.C.from(t.Matrix, t.M0, t.N0), r.Bias
	if bias.Ptr != nil {
		bias = bias.from(t.Matrix, t.M0, t.N0-first)
	}
	lines, n, across, along := t.rows(), t.cols(), t.ld, 1
	if n < narrow || c.RS < c.CS {
		lines, n, across, along = n, lines, along, across
		c, bias = c.T(), bias.T()
	}
	for i := range lines {
		out := s.out[:n]
		clear(out)
		if live {
			scale(out, acc[i*across:], along, r.Alpha)
		}
		if r.Beta != 0 {
			load(s.other[:], 1, c.row(i), n)
			addScaled(out, s.other[:n], r.Beta)
		}
		if bias.Ptr != nil {
			load(s.other[:], 1, bias.row(i), n)
			add(out, s.other[:n])
		}
		store(c.row(i), out)
	}
}

// scale sets out[i] = alpha*acc[i*step].
func scale(out, acc []float32, step int, alpha float32) {
	for i := range out {
		out[i] = float32(alpha * acc[i*step])
	}
}

func addScaled(out, x []float32, factor float32) {
	for i := range out {
		out[i] += float32(factor * x[i])
	}
}

func add(out, x []float32) {
	for i := range out {
		out[i] += x[i]
	}
}
