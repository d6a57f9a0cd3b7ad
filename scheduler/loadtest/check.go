package loadtest

import (
	"fmt"
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// checkValues is how many values of a result are compared.
const checkValues = 3

// check compares some values of a result with their float64 references, and
// returns how many.
func (t *task) check() (values int64, err error) {
	d, dt := t.result.Dims(), t.result.DType()
	dice := t.send.Dice
	for range checkValues {
		dice = dice*6364136223846793005 + 1442695040888963407
		b, i, j := int(dice>>33)%d[0], int(dice>>34)%d[1], int(dice>>35)%d[2]
		want, e := t.reference(b, i, j)
		got := t.result.Value(b, i, j)
		lo, hi := rounded(want-e, dt), rounded(want+e, dt)
		if nan := math.IsNaN(want); nan != math.IsNaN(float64(got)) || !nan && !(lo <= got && got <= hi) {
			return values, fmt.Errorf("%s: element (%d, %d, %d) is %v; reference %v, allowed %v to %v",
				t.f.kind.Name, b, i, j, got, want, lo, hi)
		}
		values++
	}
	return values, nil
}

const (
	unit = 0x1p-23  // of a float32 sum, rounded either way
	tiny = 0x1p-126 // small results may be flushed to 0
)

// reference returns an element in float64, and how far off a float32 sum in
// any order may be.
func (t *task) reference(b, i, j int) (want, e float64) {
	if t.f.kind.Softmax {
		return t.softmaxAt(b, i, j)
	}
	k, sum, size := t.f.kind, 0.0, 0.0
	left, right := t.f.a.value(t.a), t.f.b.value(t.b)
	for p := range k.K {
		term := float64(at(left, k.TransA, b, i, p)) * float64(at(right, k.TransB, b, p, j))
		sum += term
		size += math.Abs(term)
	}
	if k.Bias {
		bias := float64(t.f.bias.Value(0, 0, j))
		sum += bias
		size += math.Abs(bias)
	}
	return sum, unit*float64(k.K+4)*size + float64(k.K)*tiny
}

// value returns what an input holds; a loaded one cannot be read through its
// view.
func (s *side) value(i int) tensor.View {
	if i < 0 {
		return s.poison
	}
	return s.host[i]
}

func at(v tensor.View, trans bool, b, i, j int) float32 {
	if trans {
		return v.Value(b, j, i)
	}
	return v.Value(b, i, j)
}

// softmaxAt is reference for a softmax.
func (t *task) softmaxAt(b, i, j int) (want, e float64) {
	x, cols := t.f.a.value(t.a), t.f.kind.N
	if t.f.kind.Causal {
		cols = min(cols, i+t.f.kind.Offset+1)
	}
	if j >= cols {
		return 0, 0
	}
	most := math.Inf(-1)
	for p := range cols {
		most = max(most, float64(x.Value(b, i, p)))
	}
	sum := 0.0
	for p := range cols {
		sum += math.Exp(float64(x.Value(b, i, p)) - most)
	}
	distance := most - float64(x.Value(b, i, j))
	want = math.Exp(-distance) / sum
	return want, unit*(float64(cols)+16+4*min(104, distance))*want + tiny
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
