package cpu

import "math"

// softmaxLegacy is the plain softmax: one element at a time, wherever it lies,
// summed in double precision.
func softmaxLegacy(_ *Scratch, x, y line, n int) {
	m := float32(lowest)
	for i := range n {
		if v := value(x, i); v > m {
			m = v
		}
	}
	var sum float64
	for i := range n {
		sum += math.Exp(float64(value(x, i) - m))
	}
	for i := range n {
		e := [1]float32{float32(math.Exp(float64(value(x, i)-m)) / sum)}
		store(y.from(i), e[:])
	}
}

// value returns element i of x.
func value(x line, i int) float32 {
	var v [1]float32
	load(v[:], 1, x.from(i), 1)
	return v[0]
}
