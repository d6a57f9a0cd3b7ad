package cpu

// Sizes of a worker's scratch memory, in elements. A and B tiles share the
// second-level cache with what streams past them.
const (
	maxAcc  = 1 << 14 // sums of one tile of C, 64 KiB
	maxTile = 1 << 15 // a tile of A or of B, 128 KiB
	maxLine = 256     // the longer side of a tile of C
)

// Scratch is the working memory of one goroutine. The zero value is ready.
type Scratch struct {
	acc    [maxAcc]float32
	a, b   [maxTile]float32
	out    [maxLine]float32
	other  [maxLine]float32
	panel  panelScratch
	row    []float32 // one softmax row, grown to the longest seen
	halves []uint16  // likewise, of rows that do not lie contiguous
}

// rowOf returns memory for a softmax row of n columns.
func (s *Scratch) rowOf(n int) []float32 {
	if cap(s.row) < n {
		s.row = make([]float32, n)
	}
	return s.row[:n]
}
