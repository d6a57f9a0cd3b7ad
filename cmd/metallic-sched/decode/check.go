package decode

import (
	"fmt"
	"math"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

const (
	checkEvery  = 61 // a prime, so that every kind has its turn
	checkValues = 3  // of each result checked
)

// checker compares some values of some results with float64 references.
type checker struct {
	jobs   atomic.Int64
	seen   [LMHead + 1]atomic.Bool
	values atomic.Int64
}

// sample checks the result of the job that a sequence stands before, if it is
// the first of its kind or its turn has come.
func (c *checker) sample(s *sequence) error {
	n := c.jobs.Add(1)
	if !c.seen[s.kind].Swap(true) || n%checkEvery == 0 {
		return c.check(s, mix(uint64(n)))
	}
	return nil
}

func (c *checker) check(s *sequence, dice uint64) error {
	result, reference := s.product.C, s.productAt
	if s.kind == Softmax {
		result, reference = s.rows.Y, s.softmaxAt
	}
	d := result.Dims()
	for range checkValues {
		dice = mix(dice)
		b, j := int(dice%uint64(d[0])), int(dice>>32%uint64(d[2]))
		want, e := reference(b, j)
		got := result.Value(b, 0, j)
		if lo, hi := rounded(want-e, result.DType()), rounded(want+e, result.DType()); !(lo <= got && got <= hi) {
			return fmt.Errorf("%v: wrong result: element (%d, 0, %d) is %v; reference %v, allowed %v to %v",
				s.kind, b, j, got, want, lo, hi)
		}
		c.values.Add(1)
	}
	return nil
}

const (
	unit = 0x1p-23  // of a float32 sum, rounded either way
	tiny = 0x1p-126 // small results may be flushed to 0
)

// productAt returns element (b, 0, j) of the product in float64, and how far
// off a float32 sum in any order may be.
func (s *sequence) productAt(b, j int) (want, e float64) {
	p := &s.product
	alpha, _ := p.Scale.Factors()
	k, sum, size := p.A.Cols(), 0.0, 0.0
	for i := range k {
		term := float64(alpha) * float64(p.A.Value(b, 0, i)) * float64(s.rightAt(b, i, j))
		sum += term
		size += math.Abs(term)
	}
	if s.kind == QKV {
		bias := float64(s.weights.layers[s.layer].bias.matrix.Value(0, j))
		sum += bias
		size += math.Abs(bias)
	}
	return sum, unit*float64(k+4)*size + float64(k)*tiny
}

// rightAt returns element (b, i, j) of the right operand. Weights are read
// from their source: the loaded ones may be out of the host's reach.
func (s *sequence) rightAt(b, i, j int) float32 {
	if w := s.weight(); w != nil {
		return w.matrix.Value(j, i)
	}
	if s.product.TransB {
		return s.product.B.Value(b, j, i)
	}
	return s.product.B.Value(b, i, j)
}

// softmaxAt is productAt for the softmax.
func (s *sequence) softmaxAt(b, j int) (want, e float64) {
	x := s.rows.X
	most := math.Inf(-1)
	for i := range x.Cols() {
		most = max(most, float64(x.Value(b, 0, i)))
	}
	sum := 0.0
	for i := range x.Cols() {
		sum += math.Exp(float64(x.Value(b, 0, i)) - most)
	}
	distance := most - float64(x.Value(b, 0, j))
	want = math.Exp(-distance) / sum
	return want, unit*(float64(x.Cols())+16+4*min(104, distance))*want + tiny
}

// rounded returns x as a kernel stores it.
func rounded(x float64, dt tensor.DType) float32 {
	f := float32(x)
	switch dt {
	case tensor.F16:
		return tensor.ToFloat16(f).Float32()
	case tensor.BF16:
		return tensor.ToBFloat16(f).Float32()
	case tensor.F32:
	}
	return f
}
