package cpu

import "math"

// maxOf returns the largest of m and xs; NaNs are passed over, they show up in
// the sum. Starting from lowest instead of -Inf keeps x-max defined.
func maxOf(m float32, xs []float32) float32 {
	for _, x := range xs {
		if x > m {
			m = x
		}
	}
	return m
}

const lowest = -math.MaxFloat32

// partial holds the four partial sums of a row, by column modulo 4.
type partial [4]float32

func (p *partial) total() float32 { return (p[0] + p[1]) + (p[2] + p[3]) }

// expSum replaces xs by exp(xs - m) and adds them to p. xs starts at a column
// that is a multiple of 4.
func (p *partial) expSum(xs []float32, m float32) {
	for i, x := range xs {
		e := exp32(x - m)
		xs[i] = e
		p[i&3] += e
	}
}
