package cpu

// blockCols is how much of a long row is in fast memory at once.
const blockCols = 2048

// softmaxBlock goes over the row three times, block by block: maximum, sum,
// result. Its memory does not grow with the row.
func softmaxBlock(s *Scratch, x, y line, n int) {
	buf := s.rowOf(blockCols)
	m := float32(lowest)
	for c := 0; c < n; c += blockCols {
		m = maxOf(m, loadBlock(buf, x, c, n))
	}
	var sum partial
	for c := 0; c < n; c += blockCols {
		sum.expSum(loadBlock(buf, x, c, n), m)
	}
	normalise(buf, x, y, n, m, 1/sum.total())
}

// softmaxOnline finds maximum and sum together: a new maximum rescales the sum
// so far. A second time over the row stores the result.
func softmaxOnline(s *Scratch, x, y line, n int) {
	buf := s.rowOf(blockCols)
	m := float32(lowest)
	var sum partial
	for c := 0; c < n; c += blockCols {
		block := loadBlock(buf, x, c, n)
		if higher := maxOf(m, block); higher > m {
			scale(sum[:], sum[:], 1, exp32(m-higher))
			m = higher
		}
		sum.expSum(block, m)
	}
	normalise(buf, x, y, n, m, 1/sum.total())
}

// loadBlock loads the block of x that starts at column c.
func loadBlock(buf []float32, x line, c, n int) []float32 {
	block := buf[:min(blockCols, n-c)]
	load(block, 1, x.from(c), len(block))
	return block
}

// normalise stores exp(x - m)*factor.
func normalise(buf []float32, x, y line, n int, m, factor float32) {
	for c := 0; c < n; c += blockCols {
		block := loadBlock(buf, x, c, n)
		for i, v := range block {
			block[i] = float32(exp32(v-m) * factor)
		}
		store(y.from(c), block)
	}
}
