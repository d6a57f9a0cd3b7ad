package reference

import (
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Attention is softmax(Scale*Q*Kt)*V for heads that share keys and values in
// groups. Scores is the type that scores and weights are kept in.
type Attention struct {
	Q, K, V tensor.View
	Scale   float64
	Scores  tensor.DType
}

// AttentionRow is one row of its result.
type AttentionRow struct {
	v       tensor.View
	head    int // of v
	weights []float64
	wrong   float64 // share of a weight that may be wrong
	lost    float64 // what a weight may lose besides, by being too small for its type
}

// Row returns row i of a head, which attends to the first keys.
func (a *Attention) Row(head, i, keys int) AttentionRow {
	kv := head / (a.Q.Matrices() / a.K.Matrices())
	r := AttentionRow{v: a.V, head: kv, weights: make([]float64, keys)}
	most, largest, total := math.Inf(-1), 0.0, 0.0
	for key := range r.weights {
		size := 0.0
		for d := range a.K.Cols() {
			x := a.Scale * float64(a.Q.Value(head, i, d)) * float64(a.K.Value(kv, key, d))
			r.weights[key] += x
			size += math.Abs(x)
		}
		most, largest = max(most, r.weights[key]), max(largest, size)
	}
	for key, s := range r.weights {
		r.weights[key] = math.Exp(s - most)
		total += r.weights[key]
	}
	for key := range r.weights {
		r.weights[key] /= total
	}
	// A score that is wrong by e makes its weight wrong by a share of e, and the
	// sum that it is divided by too.
	score := (unit*float64(a.K.Cols()+4) + roundoff(a.Scores)) * largest
	if r.lost = tiny; a.Scores == tensor.F16 {
		r.lost = 0x1p-24 // below the least normal number, they are so far apart
	}
	r.wrong = math.Expm1(2*score) + roundoff(a.Scores) + unit*float64(keys+16+4*104)
	return r
}

// At returns column j of the row.
func (r *AttentionRow) At(j int) Value {
	want, size := 0.0, 0.0
	for key, w := range r.weights {
		x := w * float64(r.v.Value(r.head, key, j))
		want, size = want+x, size+math.Abs(x)
	}
	n := float64(len(r.weights))
	return Value{want, size*(r.wrong+unit*(n+4)) + n*r.lost}
}

// roundoff is how far a type's numbers are apart at most, as a share of them;
// nothing for the float32 that sums are kept in.
func roundoff(dt tensor.DType) float64 {
	switch dt {
	case tensor.F16:
		return 0x1p-11
	case tensor.BF16:
		return 0x1p-8
	case tensor.F32:
	}
	return 0
}
