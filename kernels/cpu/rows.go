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

// each calls row for the attended columns of rows [r0, r1) and fills the rest.
func (p *Rows) each(s *Scratch, r0, r1 int, row func(s *Scratch, x, y line, n int)) {
	start := 0
	for i := range p.Runs {
		run := &p.Runs[i]
		end := min(start+run.Rows, r1)
		if run.Cols == 0 { // nothing to do, and perhaps no memory
			end = 0
		}
		for r := max(start, r0); r < end; r++ {
			n := run.attended(r - start)
			x, y := p.line(r)
			if n > 0 {
				row(s, x, y, n)
			}
			if n < run.Cols {
				storeZeros(y.from(n), run.Cols-n)
			}
		}
		if start += run.Rows; start >= r1 {
			return
		}
	}
}

func (p *Rows) line(r int) (x, y line) {
	b, i := r/p.M, r%p.M
	return p.X.from(b, i, 0).row(0), p.Y.from(b, i, 0).row(0)
}
