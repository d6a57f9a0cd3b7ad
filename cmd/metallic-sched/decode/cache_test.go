package decode

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// The keys and values of a token go to every head that shares them, and
// nowhere else.
func TestCacheAppend(t *testing.T) {
	m := smallModel() // 4 heads of 16, 2 of keys
	history, err := NewRandom(m, tensor.F16, 1)
	require.NoError(t, err)
	c, before := newCache(&m, history, 3), newCache(&m, history, 3)
	qkv := zeros(tensor.F16, 1, 1, m.Hidden+2*m.KV)
	for j := range qkv.Cols() {
		qkv.SetValue(0, 0, j, float32(j))
	}
	c.append(&m, qkv, 2)
	for h := range m.Heads() {
		for i := range m.MaxLen {
			for j := range m.HeadDim {
				if i != 2 {
					require.Equal(t, before.keys.Value(h, i, j), c.keys.Value(h, i, j))
					require.Equal(t, before.values.Value(h, i, j), c.values.Value(h, i, j))
					continue
				}
				from := m.Hidden + h/2*m.HeadDim + j
				require.Equal(t, float32(from), c.keys.Value(h, i, j))
				require.Equal(t, float32(from+m.KV), c.values.Value(h, i, j))
			}
		}
	}
}

func TestUpTo(t *testing.T) {
	v := upTo(zeros(tensor.F32, 4, 5, 16), 3)
	require.Equal(t, tensor.Dims{4, 3, 16}, v.Dims())
}
