package cpu

// softmaxVec keeps the whole row in fast memory: for short rows.
func softmaxVec(s *Scratch, x, y line, n int) {
	row := s.rowOf(n)
	load(row, 1, x, n)
	var sum partial
	sum.expSum(row, maxOf(lowest, row))
	scale(row, row, 1, 1/sum.total())
	store(y, row)
}
