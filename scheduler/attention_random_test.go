package scheduler_test

import (
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// attention returns a random attention of up to 3 K/V heads, size rows and
// twice as many keys.
func (m maker) attention(size int) *check {
	kv, group, dim := 1+m.IntN(3), 1+m.IntN(3), 1+m.IntN(20)
	rows, keys := 1, m.IntN(2*size)
	if m.IntN(3) > 0 {
		rows = 1 + m.IntN(size)
	}
	dt := m.dtype()
	j := &job.Attention{
		Q: m.heads(dt, kv*group, rows, dim), K: m.heads(dt, kv, keys, dim), V: m.heads(dt, kv, keys, 1+m.IntN(20)),
	}
	ot := dt
	if m.IntN(3) == 0 {
		ot = tensor.F32
	}
	j.O = m.heads(ot, kv*group, rows, j.V.Cols())
	if m.IntN(2) == 0 {
		j.Scale = float32(m.NormFloat64())
	}
	if m.IntN(2) == 0 {
		j.Causal = true
		j.QueryOffset = m.IntN(keys+rows+1) - rows
	}
	return attentionCheck(j, j.K, j.V)
}

// heads is matrix, or heads that lie side by side in each row.
func (m maker) heads(dt tensor.DType, heads, rows, cols int) tensor.View {
	if m.IntN(2) == 0 {
		return m.matrix(dt, heads, rows, cols)
	}
	v := alloc(dt, rows*heads*cols).Strided(tensor.Dims{heads, rows, cols}, tensor.Dims{cols, heads * cols, 1}, 0)
	each(v, func(b, i, j int) { v.SetValue(b, i, j, float32(m.NormFloat64())) })
	return v
}

// attentionCheck computes what O must be, from the host's copies of K and V.
func attentionCheck(j *job.Attention, k, v tensor.View) *check {
	c := &check{job: j, c: j.O, rounded: roundoff(j.O.DType())}
	for h := range j.Q.Matrices() {
		kv := h / (j.Q.Matrices() / k.Matrices())
		for i := range j.Q.Rows() {
			keys := k.Rows()
			if j.Causal {
				keys = max(0, min(keys, i+j.QueryOffset+1))
			}
			weights, wrong := weightsOf(j, k, h, kv, i, keys)
			for col := range v.Cols() {
				y, size := 0.0, 0.0
				for key, w := range weights {
					x := w * float64(v.Value(kv, key, col))
					y, size = y+x, size+math.Abs(x)
				}
				c.want, c.scale = append(c.want, y), append(c.scale, size*(wrong+float64(keys+8)))
			}
		}
	}
	return c
}

// weightsOf returns the softmax of one row of scores, and how many roundings of
// a weight those of its scores amount to.
func weightsOf(j *job.Attention, k tensor.View, h, kv, i, keys int) (weights []float64, wrong float64) {
	scale := float64(j.Scale)
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(k.Cols()))
	}
	if keys == 0 {
		return nil, 0
	}
	weights = make([]float64, keys)
	top, sum, largest := math.Inf(-1), 0.0, 0.0
	for key := range weights {
		size := 0.0
		for d := range k.Cols() {
			x := scale * float64(j.Q.Value(h, i, d)) * float64(k.Value(kv, key, d))
			weights[key] += x
			size += math.Abs(x)
		}
		top, largest = max(top, weights[key]), max(largest, size)
	}
	for key, s := range weights {
		weights[key] = math.Exp(s - top)
		sum += weights[key]
	}
	for key := range weights {
		weights[key] /= sum
	}
	return weights, 2*largest*float64(k.Cols()+3) + math.Abs(top)
}

// attentionOf returns an attention over fresh memory, each tensor in one piece.
func attentionOf(dt tensor.DType, heads, rows, keys, dim int) *job.Attention {
	m := newMaker(uint64(rows))
	full := func(rows int) tensor.View {
		d := tensor.Dims{heads, rows, dim}
		v := alloc(dt, heads*rows*dim).Strided(d, tensor.Compact(d), 0)
		each(v, func(b, i, j int) { v.SetValue(b, i, j, float32(m.NormFloat64())) })
		return v
	}
	return &job.Attention{Q: full(rows), K: full(keys), V: full(keys), O: full(rows)}
}

// linksOf returns the three jobs that compute an attention, with scores of a
// type.
func linksOf(j *job.Attention, dt tensor.DType) []job.Job {
	d := tensor.Dims{j.Q.Matrices(), j.Q.Rows(), j.K.Rows()}
	scores := alloc(dt, d[0]*d[1]*d[2]).Strided(d, tensor.Compact(d), 0)
	scale := float32(1 / math.Sqrt(float64(j.Q.Cols())))
	last := &job.Matmul{A: scores, B: j.V, C: j.O}
	if dt != j.V.DType() { // f32 must stand on the right
		last = &job.Matmul{A: j.V.T(), B: scores.T(), C: j.O.T()}
	}
	return []job.Job{
		&job.Matmul{A: j.Q, B: j.K, TransB: true, C: scores, Scale: job.AlphaBeta(scale, 0)},
		&job.Softmax{X: scores, Causal: j.Causal, QueryOffset: j.QueryOffset},
		last,
	}
}
