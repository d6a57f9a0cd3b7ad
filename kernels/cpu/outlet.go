package cpu

import "github.com/metallic-sched/metallic-sched/kernels/tensor"

// outlet is where tiles of a block can go as soon as they are summed, times
// alpha. Whole groups of rows and whole vectors of columns go that way; the
// zero outlet takes nothing.
type outlet struct {
	ptr        *float32 // of the block's first element
	ld         int
	alpha      float32
	rows, cols int // that it takes, multiples of 8 and 16
}

// outlet returns the outlet of a block. There is one where C is contiguous
// float32 and all that is done to sums is to multiply them.
func (w *packedBlock) outlet() (o outlet) {
	c, run := w.p.C, w.p.only(w.N0+w.n0, w.N0+w.n1)
	if c.Type != tensor.F32 || c.CS != 1 || run == nil || run.Beta != 0 || run.Bias.Ptr != nil {
		return o
	}
	o.ptr, o.ld, o.alpha = (*float32)(c.from(w.Matrix, w.M0+w.m0, w.N0+w.n0).Ptr), c.RS, run.Alpha
	o.rows = (w.m1 - w.m0) / groupCols * groupCols
	if o.cols = w.n1 - w.n0; o.cols%vectorCols != 0 {
		o.cols = o.cols / PanelRows * PanelRows
	}
	return o
}

// at returns where the tile at row m and column n of the block goes, nil if
// the outlet does not take it.
func (o *outlet) at(m, n int) *float32 {
	if m >= o.rows || n >= o.cols {
		return nil
	}
	return at(o.ptr, m*o.ld+n)
}

// only returns the run that columns [n0, n1) belong to, nil if there are more.
func (p *Product) only(n0, n1 int) *Run {
	start := 0
	for i := range p.Runs {
		r := &p.Runs[i]
		if n0 < start+r.Columns {
			if n1 > start+r.Columns {
				return nil
			}
			return r
		}
		start += r.Columns
	}
	return nil
}
