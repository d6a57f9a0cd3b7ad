package ab

// holm decides which of n claims are made if alpha is the chance that any of
// them is wrong (Holm 1979, A simple sequentially rejective multiple test
// procedure). holds tells whether a claim holds at a level of its own; what
// holds at a level must hold at greater ones. It returns the level at which
// each was judged last.
func holm(n int, alpha float64, holds func(i int, level float64) bool) (claimed []bool, levels []float64) {
	claimed, levels = make([]bool, n), make([]float64, n)
	for left, more := n, true; more; {
		level := alpha / float64(left)
		more = false
		for i := range n {
			if claimed[i] {
				continue
			}
			levels[i] = level
			if holds(i, level) {
				claimed[i], more = true, true
				left--
			}
		}
		more = more && left > 0
	}
	return claimed, levels
}
