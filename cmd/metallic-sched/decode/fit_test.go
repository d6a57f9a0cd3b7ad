package decode

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestFitInto(t *testing.T) {
	m, err := Qwen()
	require.NoError(t, err)
	for _, c := range []struct {
		memory       int64
		layers       int
		wantLayers   int
		wantHead     bool
		sequences    int
		wantTooSmall bool
	}{
		{memory: 2 << 30, layers: 4, sequences: 64, wantLayers: 4, wantHead: true},
		{memory: 950 << 20, layers: 4, sequences: 4, wantLayers: 2, wantHead: true},
		{memory: 300 << 20, layers: 4, sequences: 4, wantLayers: 4, wantHead: false},
		{memory: 100 << 20, layers: 4, sequences: 4, wantLayers: 1, wantHead: false},
		{memory: 10 << 20, layers: 4, sequences: 4, wantTooSmall: true},
	} {
		f, err := FitInto(c.memory, m, tensor.F16, c.layers, c.sequences, 2)
		if c.wantTooSmall {
			require.ErrorContains(t, err, "10 MiB are too few")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, [2]any{c.wantLayers, c.wantHead}, [2]any{f.Layers, f.Head}, "%+v", c)
		require.LessOrEqual(t, f.Bytes, c.memory)
	}
}

// The estimate counts the weights as they are loaded.
func TestFitCountsWeights(t *testing.T) {
	m := smallModel()
	one, err := FitInto(1<<30, m, tensor.F32, 1, 1, 1)
	require.NoError(t, err)
	two, err := FitInto(1<<30, m, tensor.F32, 2, 1, 1)
	require.NoError(t, err)
	weights := 0
	for _, k := range []Kind{QKV, Out, GateUp, Down} {
		rows, cols := m.weight(k)
		weights += rows * cols
	}
	caches := 2 * m.Heads() * m.MaxLen * m.HeadDim
	require.Equal(t, int64(4*(weights+caches)), two.Bytes-one.Bytes)
}
