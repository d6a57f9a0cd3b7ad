package suite

// sdpa has a token that is generated, and prompts: each as one job and as the
// three jobs that it is made of.
func sdpa() Suite {
	s := Suite{Name: "sdpa", About: "attention of 14 heads, causal and not, as one job and as its three jobs one after another"}
	for _, dt := range halfAndSingle {
		for _, size := range [][2]int{{1, 512}, {1, 2048}, {128, 128}, {512, 512}, {2048, 2048}} {
			for _, causal := range []bool{false, true} {
				for _, apart := range []bool{false, true} {
					w := Attention{Heads: 14, Rows: size[0], Keys: size[1], Dim: 64, DType: dt, Causal: causal, Apart: apart}
					s.add(w, Auto, SIMD, MLX, MPS, GEMV)
				}
			}
		}
	}
	return s
}
