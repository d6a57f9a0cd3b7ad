package kerneltest

import "math"

// element computes C(b, i, j) of a case in float64, from C as it was before,
// and the magnitude S of the terms it is summed from.
func (m *Matmul) element(c0 *Operand, b, i, j int) (want, magnitude float64) {
	r, within := m.run(j)
	alpha, beta := float64(r.Alpha), float64(r.Beta)
	if alpha != 0 {
		for k := range m.Shape.K {
			product := alpha * float64(m.A.View.Value(b, i, k)) * float64(m.B.View.Value(b, k, j))
			want += product
			magnitude += math.Abs(product)
		}
	}
	if beta != 0 {
		c := beta * float64(c0.View.Value(b, i, j))
		want += c
		magnitude += math.Abs(c)
	}
	if r.Bias >= 0 {
		bias := float64(m.Biases[r.Bias].View.Value(0, i, within))
		want += bias
		magnitude += math.Abs(bias)
	}
	return want, magnitude
}

// normalised computes the first n columns of a softmax row in float64. It
// also returns each column's distance from the row's maximum.
func normalised(x []float64) (want, distance []float64) {
	m := math.Inf(-1)
	for _, v := range x {
		m = math.Max(m, v) // NaN if any is
	}
	want, distance = make([]float64, len(x)), make([]float64, len(x))
	sum := 0.0
	for i, v := range x {
		distance[i] = m - v
		want[i] = math.Exp(v - m) // NaN for infinite m
		sum += want[i]
	}
	for i := range want {
		want[i] /= sum
	}
	return want, distance
}
