package cpu

// Product is C = alpha*A*B + beta*C + bias for every matrix of a batch. A is
// M x K, B is K x N and C is M x N. It is read-only to kernels.
type Product struct {
	M, N, K int
	A, B, C Mat
	// Panels is A in the layout of panels, if it is kept that way.
	Panels Panels
	// ID tells products apart: blocks with the same ID are of one product that
	// has not changed, and share what a goroutine has packed. 0 shares nothing.
	ID uint64
	// Runs cover the N columns from left to right.
	Runs []Run
}

// Run is a stretch of columns with the same factors. With Beta 0 C is not
// read; with Alpha 0 A and these columns of B are not read.
type Run struct {
	Columns     int
	Alpha, Beta float32
	// Bias is an M x Columns matrix to add, a stride of 0 for the direction
	// in which it repeats. A nil Ptr means none.
	Bias Mat
}

// Block is the part of a product that one call computes: rows [M0, M1) and
// columns [N0, N1) of one matrix of the batch.
type Block struct{ Matrix, M0, M1, N0, N1 int }

// stretch returns the end of the columns from n on, at most limit, that are
// all live (their alpha is not 0) or all dead.
func (p *Product) stretch(n, limit int) (end int, live bool) {
	start, found := 0, false
	for i := range p.Runs {
		r := &p.Runs[i]
		stop := start + r.Columns
		if stop > n && r.Columns > 0 {
			if found && live != (r.Alpha != 0) {
				return start, live
			}
			found, live = true, r.Alpha != 0
			if stop >= limit {
				return limit, live
			}
		}
		start = stop
	}
	return limit, live
}
