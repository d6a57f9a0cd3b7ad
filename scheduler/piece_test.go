package scheduler

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Pieces side by side are the whole, as Copy writes it, and none is too large.
func TestPieces(t *testing.T) {
	data := make([]float32, 4096)
	for i := range data {
		data[i] = float32(i)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6)
		d := tensor.Dims{n.Draw(t, "matrices"), n.Draw(t, "rows"), n.Draw(t, "cols")}
		stride := rapid.IntRange(0, 40)
		v := tensor.Vector(data).Strided(d, tensor.Dims{stride.Draw(t, "0"), stride.Draw(t, "1"), stride.Draw(t, "2")}, stride.Draw(t, "offset"))
		require.NoError(t, v.Err())
		most := rapid.IntRange(0, 40).Draw(t, "most")
		want, got := make([]float32, v.Len()), make([]float32, v.Len())
		tensor.Copy(tensor.Batch(want, d[0], d[1], d[2]), v)
		var own scratch
		next := 0
		for p := range pieces(v, most) {
			at, part := p.at, p.view
			require.Equal(t, next, at, "they come in order")
			require.LessOrEqual(t, part.Len(), max(most, 1))
			next += part.Len()
			c, err := own.copy(part)
			require.NoError(t, err)
			tensor.Copy(tensor.Batch(got[at:next], part.Matrices(), part.Rows(), part.Cols()), c)
		}
		require.Equal(t, want, got)
	})
}

// One may be enough.
func TestPiecesEnd(t *testing.T) {
	n := 0
	for range pieces(tensor.Matrix(make([]float32, 12), 3, 4), 2) {
		if n++; n == 3 {
			break
		}
	}
	require.Equal(t, 3, n)
}
