package cpu

// Rows is a softmax over rows: Y = softmax(X). Row r is row r%M of matrix
// r/M. Y may be X; otherwise they do not overlap. It is read-only to kernels.
//
// The row maximum is subtracted first and the arithmetic is IEEE's: a NaN
// among the columns a row attends to makes all of them NaN, and so does +Inf
// or when all are -Inf; a single -Inf gives 0. Other columns get 0.
type Rows struct {
	M    int
	X, Y Mat
	// Runs cover the rows in order.
	Runs []RowRun
}

// RowRun is a stretch of rows. Row i of the run (from 0) attends to the
// columns below min(Cols, Limit+i*Step); the others, up to Cols, get 0.
type RowRun struct {
	Rows, Cols  int
	Limit, Step int
}

// attended returns how many columns row i of the run attends to.
func (r *RowRun) attended(i int) int {
	if r.Step >= 0 && r.Limit >= r.Cols { // no sum: Limit may be the largest int
		return r.Cols
	}
	return max(0, min(r.Cols, r.Limit+i*r.Step))
}

// each computes the attended columns of rows [r0, r1) with k and fills the
// rest.
func (p *Rows) each(s *Scratch, r0, r1 int, k *Softmax) {
	start := 0
	for i := range p.Runs {
		run := &p.Runs[i]
		end := min(start+run.Rows, r1)
		if run.Cols == 0 { // nothing to do, and perhaps no memory
			end = 0
		}
		for r := max(start, r0); r < end; {
			n := run.attended(r - start)
			done := p.some(s, k, r, p.alike(run, r, start, end), n)
			for ; done > 0; done-- {
				if n < run.Cols {
					storeZeros(p.Y.from(r/p.M, r%p.M, n).row(0), run.Cols-n)
				}
				r++
			}
		}
		if start += run.Rows; start >= r1 {
			return
		}
	}
}

// some computes n columns of row r and perhaps of rows after it, of one matrix,
// and returns of how many.
func (p *Rows) some(s *Scratch, k *Softmax, r, rows, n int) (done int) {
	if n == 0 {
		return 1
	}
	x, y := p.X.from(r/p.M, r%p.M, 0), p.Y.from(r/p.M, r%p.M, 0)
	if k.vectors {
		done = softmaxVector(s, x, y, rows, n)
	}
	if done == 0 {
		k.row(s, x.row(0), y.row(0), n)
		done = 1
	}
	return done
}

// alike returns how many rows from r on, of one matrix and before end, attend
// to as many columns as r.
func (p *Rows) alike(run *RowRun, r, start, end int) int {
	rows := min(end-r, p.M-r%p.M)
	if run.attended(r-start) == run.attended(r-start+rows-1) { // it only grows or only shrinks
		return rows
	}
	return 1
}
