package kerneltest

import "math"

// reference computes a product in float64 from operands as they were.
type reference struct {
	m       *Matmul
	a, b, c []float64 // every element, in the order of the indices
}

func newReference(m *Matmul) *reference {
	return &reference{m, m.A.then().values(), m.B.then().values(), m.C.then().values()}
}

// sum is one element as it should be.
type sum struct {
	want      float64
	magnitude float64 // of the terms
	finite    float64 // of those that are finite
	products  float64 // of finite products, before they are multiplied with alpha
	// either says that rounding decides on the sign of an infinity, or that
	// there is none: alpha is infinite, and the sum of products may be 0.
	either bool
}

func (s *sum) add(term float64) {
	s.want += term
	s.magnitude += math.Abs(term)
	if !math.IsInf(term, 0) && term == term {
		s.finite += math.Abs(term)
	}
}

// element returns C(b, i, j).
func (f *reference) element(b, i, j int) (e sum) {
	s := f.m.Shape
	r, within := f.m.run(j)
	if r.Alpha != 0 {
		dot, alpha := 0.0, float64(r.Alpha)
		for k := range s.K {
			product := f.a[(b*s.M+i)*s.K+k] * f.b[(b*s.K+k)*s.N+j]
			dot += product
			e.add(alpha * product)
			if !math.IsInf(product, 0) && product == product {
				e.products += math.Abs(product)
			}
		}
		e.want = alpha * dot
		terms := float64(s.K + 4)
		e.either = math.IsInf(alpha, 0) && e.products > 0 && math.Abs(dot) <= terms*(unit*e.products+subnormal)
	}
	if r.Beta != 0 {
		e.add(float64(r.Beta) * f.c[(b*s.M+i)*s.N+j])
	}
	if r.Bias >= 0 {
		e.add(float64(f.m.Biases[r.Bias].View.Value(0, i, within)))
	}
	return e
}

// normalised computes a softmax in float64. It also returns each element's
// distance from the greatest.
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
