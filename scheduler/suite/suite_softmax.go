package suite

// softmaxDispatcher has rows from a warp's width up to far beyond what the vec
// kernel takes.
func softmaxDispatcher() Suite {
	s := Suite{Name: "softmax_dispatcher", About: "softmaxes of short and long rows, causal and not, by vec, block, legacy and what the dispatcher chooses"}
	for _, dt := range halfAndSingle {
		for _, rows := range []int{1, 64, 4096} {
			for _, cols := range []int{32, 255, 256, 767, 768, 1023, 1024, 1279, 2048, 8192, 32768} {
				for _, causal := range []bool{false, true} {
					s.add(Softmax{Rows: rows, Cols: cols, DType: dt, Causal: causal}, Auto, Vec, Block, Legacy)
				}
			}
		}
	}
	return s
}
