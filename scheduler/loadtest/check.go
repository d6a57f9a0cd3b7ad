package loadtest

import (
	"fmt"
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/reference"
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
		if err := t.reference(b, i, j).Check(t.result.Value(b, i, j), dt); err != nil {
			return values, fmt.Errorf("%s: element (%d, %d, %d) is %w", t.f.kind.Name, b, i, j, err)
		}
		values++
	}
	return values, nil
}

// reference returns what an element should be.
func (t *task) reference(b, i, j int) reference.Value {
	k := t.f.kind
	cols := k.N
	if k.Causal {
		cols = min(cols, max(0, i+k.Offset+1))
	}
	switch {
	case k.Softmax:
		row := reference.SoftmaxRow(t.f.a.value(t.a), b, i, cols)
		return row.At(j)
	case k.Attention:
		a := reference.Attention{
			Q: t.f.a.value(t.a), K: t.f.b.value(t.b), V: t.f.v.value(t.v),
			Scale: float64(float32(1 / math.Sqrt(float64(k.K)))), Scores: tensor.F32,
		}
		row := a.Row(b, i, cols)
		return row.At(j)
	}
	bias := float32(0)
	if k.Bias {
		bias = t.f.bias.Value(0, 0, j)
	}
	p := reference.Product{A: after(k.TransA, t.f.a.value(t.a)), B: after(k.TransB, t.f.b.value(t.b)), Alpha: 1}
	return p.At(b, i, j, 0, bias)
}

// after returns an input as the product has it.
func after(trans bool, v tensor.View) tensor.View {
	if trans {
		return v.T()
	}
	return v
}

// value returns what an input holds; a loaded one cannot be read through its
// view.
func (s *side) value(i int) tensor.View {
	if i < 0 {
		return s.poison
	}
	return s.host[i]
}
