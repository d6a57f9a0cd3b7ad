package decode

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestScaleToUnit(t *testing.T) {
	src, dst := tensor.Matrix([]float32{3, -4, 0, 5}, 1, 4), zeros(tensor.F32, 1, 1, 4)
	scaleToUnit(dst, src)
	require.InDelta(t, 1, size(dst), 1e-5)
	require.InDelta(t, -4.0/3, float64(dst.Value(0, 0, 1)/dst.Value(0, 0, 0)), 1e-5)
	scaleToUnit(dst, zeros(tensor.F32, 1, 1, 4))
	require.Zero(t, size(dst), "zeros stay zeros")
}

func TestEmbed(t *testing.T) {
	a, b := zeros(tensor.F16, 1, 1, 4096), zeros(tensor.F16, 1, 1, 4096)
	embed(a, 1)
	embed(b, 2)
	require.InDelta(t, 1, size(a), 0.05)
	require.NotEqual(t, a.Value(0, 0, 0), b.Value(0, 0, 0))
}

// Every head reads its own queries.
func TestQueryHeads(t *testing.T) {
	m := smallModel()
	qkv := zeros(tensor.F32, 1, 1, m.Hidden+2*m.KV)
	qkv.SetValue(0, 0, 2*m.HeadDim+3, 7)
	require.Equal(t, float32(7), queryHeads(&m, qkv).Value(2, 0, 3))
	require.Equal(t, float32(7), asRow(queryHeads(&m, qkv)).Value(0, 0, 2*m.HeadDim+3))
}

// size is the root mean square of a row.
func size(v tensor.View) float64 {
	sum := 0.0
	for j := range v.Cols() {
		sum += float64(v.Value(0, 0, j)) * float64(v.Value(0, 0, j))
	}
	return math.Sqrt(sum / float64(v.Cols()))
}
