package decode

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// What is laid out for loading is what references are computed from.
func TestRandomValueIsTheViewsElement(t *testing.T) {
	for _, dt := range tensor.DTypes {
		r, err := NewRandom(smallModel(), dt, 7)
		require.NoError(t, err)
		for _, k := range []Kind{QKV, Out, GateUp, Down, LMHead} {
			m, err := r.Matrix(k, 1)
			require.NoError(t, err)
			requireSameElements(t, m, m.View(&stage{}))
		}
		b, err := r.Bias(2)
		require.NoError(t, err)
		requireSameElements(t, b, b.View(&stage{}))
	}
}

func requireSameElements(t *testing.T, m Matrix, v tensor.View) {
	t.Helper()
	require.NoError(t, v.Err())
	for i := range v.Rows() {
		for j := range v.Cols() {
			require.Equal(t, v.Value(0, i, j), m.Value(i, j), "element (%d, %d)", i, j)
		}
	}
}

func TestRandomWeightsKeepProductsAtUnitSize(t *testing.T) {
	r, err := NewRandom(smallModel(), tensor.F32, 1)
	require.NoError(t, err)
	m, err := r.Matrix(Down, 0)
	require.NoError(t, err)
	v, sum := m.View(&stage{}), 0.0
	for i := range v.Rows() {
		for j := range v.Cols() {
			sum += float64(v.Value(0, i, j)) * float64(v.Value(0, i, j))
		}
	}
	require.InDelta(t, 1, math.Sqrt(sum/float64(v.Rows())), 0.1)
}

func TestRandomDependsOnSeedLayerAndKind(t *testing.T) {
	first := func(seed uint64, k Kind, layer int) float32 {
		r, err := NewRandom(smallModel(), tensor.F32, seed)
		require.NoError(t, err)
		m, err := r.Matrix(k, layer)
		require.NoError(t, err)
		return m.Value(0, 0) + m.Value(0, 1)
	}
	require.Equal(t, first(1, Out, 0), first(1, Out, 0))
	require.NotEqual(t, first(1, Out, 0), first(2, Out, 0))
	require.NotEqual(t, first(1, Out, 0), first(1, Out, 1))
	require.NotEqual(t, first(1, QKV, 0), first(1, Out, 0))
}

func TestRandomRefusesNoType(t *testing.T) {
	_, err := NewRandom(smallModel(), 0, 1)
	require.ErrorContains(t, err, "element type")
}
