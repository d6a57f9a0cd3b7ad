package scheduler_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// check is a job with the means to tell whether its result is right.
type check struct {
	job     job.Job
	want    []float64
	scale   []float64 // what rounding errors are relative to
	c       tensor.View
	rounded float64 // unit roundoff of C
}

// maker makes random jobs from one seed.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 7))} }

func (m maker) dtype() tensor.DType { return tensor.DTypes[m.IntN(len(tensor.DTypes))] }

// matrix returns a view over fresh memory of the given type, in one of several
// layouts, filled with values around 1.
func (m maker) matrix(dt tensor.DType, batch, rows, cols int) tensor.View {
	pad := m.IntN(3)
	var v tensor.View
	if m.IntN(2) == 0 {
		v = alloc(dt, batch*rows*(cols+pad)+1).Strided(tensor.Dims{batch, rows, cols}, tensor.Dims{rows * (cols + pad), cols + pad, 1}, m.IntN(2))
	} else {
		v = alloc(dt, batch*cols*(rows+pad)+1).Strided(tensor.Dims{batch, rows, cols}, tensor.Dims{cols * (rows + pad), 1, rows + pad}, m.IntN(2))
	}
	each(v, func(b, i, j int) { v.SetValue(b, i, j, float32(m.NormFloat64())) })
	return v
}

func alloc(dt tensor.DType, n int) tensor.View {
	switch dt {
	case tensor.F16:
		return tensor.Vector(make([]tensor.Float16, n))
	case tensor.BF16:
		return tensor.Vector(make([]tensor.BFloat16, n))
	case tensor.F32:
	}
	return tensor.Vector(make([]float32, n))
}

func each(v tensor.View, f func(b, i, j int)) {
	for b := range v.Matrices() {
		for i := range v.Rows() {
			for j := range v.Cols() {
				f(b, i, j)
			}
		}
	}
}

func values(v tensor.View) (xs []float32) {
	each(v, func(b, i, j int) { xs = append(xs, v.Value(b, i, j)) })
	return xs
}

// weight is a loaded operand and the host's copy of it.
type weight struct{ loaded, host tensor.View }

// matmul returns a random product against a weight, or a fresh A if w is nil.
func (m maker) matmul(w *weight, n int) *check {
	j := &job.Matmul{}
	batch := 1
	if w == nil {
		batch = 1 + m.IntN(2)*m.IntN(4)
		j.A = m.matrix(m.dtype(), batch, 1+m.IntN(40), 1+m.IntN(40))
	} else {
		j.A = w.loaded
	}
	rows, k := j.A.Rows(), j.A.Cols()
	bt, ct := j.A.DType(), j.A.DType()
	if m.IntN(3) == 0 {
		bt, ct = tensor.F32, tensor.F32
	} else if m.IntN(3) == 0 {
		ct = tensor.F32
	}
	j.B, j.C = m.matrix(bt, batch, k, n), m.matrix(ct, batch, rows, n)
	if j.TransB = m.IntN(2) == 0; j.TransB {
		j.B = j.B.T()
	}
	if m.IntN(2) == 0 {
		j.Scale = job.AlphaBeta(float32(m.NormFloat64()), float32(m.IntN(2))*float32(m.NormFloat64()))
	}
	if m.IntN(3) == 0 {
		j.Bias = m.matrix(ct, 1, 1, n)
	}
	if w != nil {
		return matmulCheck(j, w.host, j.B)
	}
	return matmulCheck(j, j.A, j.B)
}

// matmulCheck computes what C must be, from the host's copies of A and B.
func matmulCheck(j *job.Matmul, a, b tensor.View) *check {
	if j.TransA {
		a = a.T()
	}
	if j.TransB {
		b = b.T()
	}
	alpha, beta := j.Scale.Factors()
	c := &check{job: j, c: j.C, rounded: roundoff(j.C.DType())}
	each(j.C, func(z, i, col int) {
		sum, size := 0.0, 0.0
		for k := range a.Cols() {
			x := float64(a.Value(min(z, a.Matrices()-1), i, k)) * float64(b.Value(min(z, b.Matrices()-1), k, col))
			sum, size = sum+x, size+math.Abs(x)
		}
		y, s := float64(alpha)*sum, math.Abs(float64(alpha))*size
		if beta != 0 {
			y += float64(beta) * float64(j.C.Value(z, i, col))
			s += math.Abs(float64(beta) * float64(j.C.Value(z, i, col)))
		}
		if !j.Bias.IsZero() {
			y += float64(j.Bias.Value(0, 0, col))
			s += math.Abs(float64(j.Bias.Value(0, 0, col)))
		}
		c.want, c.scale = append(c.want, y), append(c.scale, s*float64(a.Cols()+3))
	})
	return c
}

// softmax returns a random softmax, in place or not.
func (m maker) softmax(rows, cols int) *check {
	j := &job.Softmax{X: m.matrix(m.dtype(), 1+m.IntN(3), rows, cols)}
	if m.IntN(2) == 0 {
		j.Y = m.matrix(j.X.DType(), j.X.Matrices(), rows, cols)
	}
	if m.IntN(2) == 0 {
		j.Causal, j.QueryOffset = true, m.IntN(cols+1)
	}
	y := j.Y
	if y.IsZero() {
		y = j.X
	}
	c := &check{job: j, c: y, rounded: roundoff(y.DType())}
	each(j.X, func(z, i, col int) {
		limit := cols
		if j.Causal {
			limit = min(cols, i+j.QueryOffset+1)
		}
		top, sum := math.Inf(-1), 0.0
		for k := range limit {
			top = math.Max(top, float64(j.X.Value(z, i, k)))
		}
		for k := range limit {
			sum += math.Exp(float64(j.X.Value(z, i, k)) - top)
		}
		want := 0.0
		if col < limit {
			want = math.Exp(float64(j.X.Value(z, i, col))-top) / sum
		}
		c.want, c.scale = append(c.want, want), append(c.scale, float64(cols+8))
	})
	return c
}

func roundoff(dt tensor.DType) float64 {
	switch dt {
	case tensor.F16:
		return 1.0 / (1 << 11)
	case tensor.BF16:
		return 1.0 / (1 << 8)
	case tensor.F32:
	}
	return 1.0 / (1 << 24)
}

// computed returns nil if C holds the result: each element within the errors
// of a float32 sum of K terms and one rounding to C's type.
func (c *check) computed() error {
	for i, got := range values(c.c) {
		want := c.want[i]
		allowed := 2*c.scale[i]/(1<<24) + 2*c.rounded*math.Abs(want) + 1e-7
		if !(math.Abs(float64(got)-want) <= allowed) {
			return fmt.Errorf("element %d is %v, want %v within %v", i, got, want, allowed)
		}
	}
	return nil
}
