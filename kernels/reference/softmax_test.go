package reference

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestSoftmaxRow(t *testing.T) {
	x := tensor.Batch([]float32{9, 9, 9, 1000, 1000 + float32(math.Log(3)), 2000}, 2, 1, 3)
	r := SoftmaxRow(x, 1, 0, 2)
	for j, want := range []float64{0.25, 0.75} {
		require.InDelta(t, want, r.At(j).Want, 1e-4)
		require.NoError(t, r.At(j).Check(float32(r.At(j).Want), tensor.F32))
		require.Error(t, r.At(j).Check(float32(r.At(j).Want*1.001), tensor.F32))
	}
	require.Zero(t, r.At(2), "masked")
	whole := SoftmaxRow(x, 1, 0, 3)
	require.Equal(t, 1.0, whole.At(2).Want)
}

func TestSoftmaxRowOfNaN(t *testing.T) {
	x := tensor.Matrix([]float32{1, float32(math.NaN()), 2}, 1, 3)
	r := SoftmaxRow(x, 0, 0, 3)
	require.True(t, math.IsNaN(r.At(0).Want))
	r = SoftmaxRow(x, 0, 0, 1)
	require.Equal(t, 1.0, r.At(0).Want, "what is masked does not count")
}
