package fleet_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// A job with several operands runs where all of them are: what is missing is
// brought to where less of it is.
func TestOperandsOfOneJobMeet(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, computing(t, sim.Config{}), computing(t, sim.Config{}))
		load := func(v tensor.View) *fleet.Operand {
			o, err := r.Load(v)
			require.NoError(t, err)
			return o
		}
		const keys, dim = 3, 2
		k := load(tensor.Matrix(make([]float32, keys*dim), keys, dim))
		v := load(tensor.Matrix([]float32{2, 0, 4, 0, 6, 3}, keys, dim))
		require.Equal(t, []string{"sim:0 load 1", "sim:1 load 2"}, r.diary.told())
		q, o := make([]float32, 8), make([]float32, 8)
		require.NoError(t, r.Do(background, &job.Attention{
			Q: tensor.Batch(q, 2, 2, dim), K: k.View(), V: v.View(), O: tensor.Batch(o, 2, 2, dim), Causal: true, QueryOffset: 1,
		}))
		require.Equal(t, []float32{3, 0, 4, 1, 3, 0, 4, 1}, o)
		require.Len(t, r.diary.told(), 3, "one of both was copied to the other")

		w := load(filled(64, 2))
		bias := load(tensor.Vector(repeated(5)))
		x, y := filled(64, 1), filled(64, 0)
		j := &job.Matmul{A: x, B: w.T(), C: y, Bias: bias.View()}
		require.NoError(t, r.Do(background, j))
		require.EqualValues(t, 128+5, y.Value(0, 7, 9))
		plan, _, err := r.Explain(j)
		require.NoError(t, err)
		require.True(t, plan.Problem.Bias)
		r.end(t)
	})
}

// repeated is 64 times the same number.
func repeated(x float32) []float32 {
	xs := make([]float32, 64)
	for i := range xs {
		xs[i] = x
	}
	return xs
}

// An Operand that Load did not return, since it returned an error, is refused by name:
// not taken for one that was left out.
func TestNilOperand(t *testing.T) {
	s := open(t, fleet.Config{}, steady(0, 0), steady(0, 0))
	defer s.end(t)
	var w *fleet.Operand
	v := func(n int) tensor.View { return tensor.Vector(make([]float32, n)) }
	for field, j := range map[string]job.Job{
		"A":    &job.Matmul{A: w.View(), B: v(2), C: v(2)},
		"B":    &job.Matmul{A: v(1), B: w.T(), C: v(1)},
		"Bias": &job.Matmul{A: v(1), B: v(1), C: v(1), Bias: w.View()},
		"Y":    &job.Softmax{X: v(2), Y: w.View()},
	} {
		err := s.Do(background, j)
		require.ErrorIs(t, err, job.ErrInvalid, field)
		require.ErrorContains(t, err, "job: invalid "+field+": tensor: operand is nil; allowed: one that was loaded without an error")
	}
	require.ErrorIs(t, w.Update(v(2)), job.ErrInvalid)
	w.Release()
}
