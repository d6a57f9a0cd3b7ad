package decode

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The sizes that the trace shows are those of the published model.
func TestQwen(t *testing.T) {
	m, err := Qwen()
	require.NoError(t, err)
	require.Equal(t, Model{
		Hidden: 896, KV: 128, Intermediate: 4864, Vocab: 151936, HeadDim: 64, Layers: 24, MinLen: 16, MaxLen: 95,
	}, m)
	require.Equal(t, 14, m.Heads())
	require.Equal(t, 7, m.shared())
}

// The operations that a run counts are those of the trace's products.
func TestFlopsAreThoseOfTheTrace(t *testing.T) {
	products, err := parseTrace(qwen)
	require.NoError(t, err)
	m, err := modelOf(products)
	require.NoError(t, err)
	kinds := map[string]Kind{}
	for _, k := range Kinds {
		kinds[k.String()] = k
	}
	for _, p := range products {
		k, ok := kinds[p.name]
		require.True(t, ok, p.name)
		length := 0
		switch k {
		case Scores:
			length = p.shape.N
		case Values:
			length = p.shape.K
		case QKV, Softmax, Out, GateUp, Down, LMHead:
		}
		s := p.shape
		require.Equal(t, int64(2*s.Batch*s.M*s.N*s.K), m.flops(k, length), p.name)
		if rows, cols := m.weight(k); p.weight {
			require.Equal(t, [2]int{s.N, s.K}, [2]int{rows, cols}, p.name)
		} else {
			require.Zero(t, rows*cols, p.name)
		}
	}
}

func TestPerToken(t *testing.T) {
	m := smallModel()
	layer := int64(0)
	for _, k := range Kinds[:LMHead] {
		layer += m.flops(k, (m.MinLen+m.MaxLen)/2)
	}
	require.Equal(t, 3*layer, m.perToken(Fit{Layers: 3}))
	require.Equal(t, layer+m.flops(LMHead, 0), m.perToken(Fit{Layers: 1, Head: true}))
}

func TestModelCheck(t *testing.T) {
	ok := smallModel()
	require.NoError(t, ok.check())
	for _, c := range []struct {
		change func(*Model)
		want   string
	}{
		{func(m *Model) { m.Hidden = 63 }, "not a multiple"},
		{func(m *Model) { m.HeadDim = 0 }, "not a multiple"},
		{func(m *Model) { m.KV = 24 }, "do not divide"},
		{func(m *Model) { m.KV = 0 }, "do not divide"},
		{func(m *Model) { m.Vocab = 0 }, "at least 1"},
		{func(m *Model) { m.MaxLen = m.MinLen - 1 }, "at least 1"},
	} {
		m := smallModel()
		c.change(&m)
		require.ErrorContains(t, m.check(), c.want)
	}
}

// smallModel is a model with everything that the large one has: heads that share
// keys, sizes that differ.
func smallModel() Model {
	return Model{Hidden: 64, KV: 32, Intermediate: 48, Vocab: 80, HeadDim: 16, Layers: 3, MinLen: 2, MaxLen: 5}
}
