package cpu

// The micro-kernels keep a few sums in registers over a range of k. The
// conversion of each product forbids fusing it with the addition, so that
// every tile shape gives the same bits. Shapes are what fits 15 registers.

// micro4x1 adds four rows of A times one column of B.
func micro4x1(c0, c1, c2, c3 *float32, a0, a1, a2, a3, b []float32) {
	a0, a1, a2, a3 = a0[:len(b)], a1[:len(b)], a2[:len(b)], a3[:len(b)]
	s0, s1, s2, s3 := *c0, *c1, *c2, *c3
	for k, x := range b {
		s0 += float32(a0[k] * x)
		s1 += float32(a1[k] * x)
		s2 += float32(a2[k] * x)
		s3 += float32(a3[k] * x)
	}
	*c0, *c1, *c2, *c3 = s0, s1, s2, s3
}

// micro2x2 adds two rows of A times a panel of two columns of B.
func micro2x2(c0, c1 *[2]float32, a0, a1 []float32, b [][2]float32) {
	a0, a1 = a0[:len(b)], a1[:len(b)]
	s00, s01 := c0[0], c0[1]
	s10, s11 := c1[0], c1[1]
	for k := range b {
		b0, b1 := b[k][0], b[k][1]
		x, y := a0[k], a1[k]
		s00 += float32(x * b0)
		s01 += float32(x * b1)
		s10 += float32(y * b0)
		s11 += float32(y * b1)
	}
	*c0 = [2]float32{s00, s01}
	*c1 = [2]float32{s10, s11}
}

// micro2x4 adds two rows of A times a panel of four columns of B.
func micro2x4(c0, c1 *[4]float32, a0, a1 []float32, b [][4]float32) {
	a0, a1 = a0[:len(b)], a1[:len(b)]
	s00, s01, s02, s03 := c0[0], c0[1], c0[2], c0[3]
	s10, s11, s12, s13 := c1[0], c1[1], c1[2], c1[3]
	for k := range b {
		b0, b1, b2, b3 := b[k][0], b[k][1], b[k][2], b[k][3]
		x, y := a0[k], a1[k]
		s00 += float32(x * b0)
		s01 += float32(x * b1)
		s02 += float32(x * b2)
		s03 += float32(x * b3)
		s10 += float32(y * b0)
		s11 += float32(y * b1)
		s12 += float32(y * b2)
		s13 += float32(y * b3)
	}
	*c0 = [4]float32{s00, s01, s02, s03}
	*c1 = [4]float32{s10, s11, s12, s13}
}

// microPacked2x4 is micro2x4 with both sides packed: A in a panel of two rows.
func microPacked2x4(c0, c1 *[4]float32, a [][2]float32, b [][4]float32) {
	a = a[:len(b)]
	s00, s01, s02, s03 := c0[0], c0[1], c0[2], c0[3]
	s10, s11, s12, s13 := c1[0], c1[1], c1[2], c1[3]
	for k := range b {
		b0, b1, b2, b3 := b[k][0], b[k][1], b[k][2], b[k][3]
		x, y := a[k][0], a[k][1]
		s00 += float32(x * b0)
		s01 += float32(x * b1)
		s02 += float32(x * b2)
		s03 += float32(x * b3)
		s10 += float32(y * b0)
		s11 += float32(y * b1)
		s12 += float32(y * b2)
		s13 += float32(y * b3)
	}
	*c0 = [4]float32{s00, s01, s02, s03}
	*c1 = [4]float32{s10, s11, s12, s13}
}
