package reference

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestAttention(t *testing.T) {
	ln := float32(math.Log(3))
	a := Attention{
		Q: tensor.Batch([]float32{0, 2, 1, 0}, 2, 1, 2), K: tensor.Batch([]float32{ln, 0, 0, 7, 5, 5}, 1, 3, 2),
		V: tensor.Batch([]float32{4, -8, 9}, 1, 3, 1), Scale: 1, Scores: tensor.F32,
	}
	row := a.Row(1, 0, 2) // the scores are ln 3 and 0
	v := row.At(0)
	require.InDelta(t, 0.75*4-0.25*8, v.Want, 1e-6)
	require.NoError(t, v.Check(float32(v.Want), tensor.F32))
	require.Error(t, v.Check(float32(v.Want)+1e-3, tensor.F32))
	require.Error(t, v.Check(float32(math.NaN()), tensor.F32))

	a.Scores = tensor.F16
	row = a.Row(1, 0, 2)
	require.NoError(t, row.At(0).Check(1.002, tensor.F32), "scores of f16 are coarse")
	row = a.Row(0, 0, 0)
	require.NoError(t, row.At(0).Check(0, tensor.F32), "no keys")
	require.Error(t, row.At(0).Check(1e-6, tensor.F32))
}
