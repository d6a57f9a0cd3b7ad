package gpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestStretches(t *testing.T) {
	runs := []device.Run{
		{Columns: 2, Alpha: 1, Bias: -1},
		{Columns: 0, Alpha: 7, Bias: -1},
		{Columns: 3, Alpha: 1, Bias: -1},
		{Columns: 1, Alpha: 1, Bias: 0},
		{Columns: 1, Alpha: 0, Bias: -1},
		{Columns: 1, Alpha: 1, Beta: float32(math.NaN()), Bias: -1},
		{Columns: 4, Alpha: 2, Beta: 1, Bias: -1},
	}
	require.Equal(t, []Stretch{
		{column: 0, columns: 5, run: 0, runs: 3, alpha: 1, Plain: true},
		{column: 5, columns: 3, run: 3, runs: 3},
		{column: 8, columns: 4, run: 6, runs: 1, alpha: 2, beta: 1, Plain: true},
	}, Stretches(runs))

	m := product(t)
	m.Runs[1].Bias = -1
	part := Stretches(m.Runs)[1].Narrowed(m)
	require.Equal(t, 3, part.Shape.N)
	require.Equal(t, 2, part.B.View.Offset())
	require.Equal(t, m.Runs[1:], part.Runs)
	require.NoError(t, part.Check(f32))
}

func TestLines(t *testing.T) {
	r := region(t, tensor.Dims{2, 6, 8}, 5)
	for name, c := range map[string]struct {
		dims, strides tensor.Dims
		want          Lines
	}{
		"rows":     {tensor.Dims{2, 3, 4}, tensor.Dims{48, 8, 1}, Lines{Batch: 48, Rows: 3, Columns: 4, Lead: 8, Contiguous: true}},
		"columns":  {tensor.Dims{1, 3, 4}, tensor.Dims{48, 1, 6}, Lines{Rows: 4, Columns: 3, Lead: 6, Transposed: true, Contiguous: true}},
		"one row":  {tensor.Dims{1, 1, 4}, tensor.Dims{0, 0, 1}, Lines{Rows: 1, Columns: 4, Lead: 4, Contiguous: true}},
		"spread":   {tensor.Dims{1, 2, 2}, tensor.Dims{0, 8, 2}, Lines{Rows: 2, Columns: 2}},
		"repeated": {tensor.Dims{1, 3, 4}, tensor.Dims{0, 0, 1}, Lines{Rows: 3, Columns: 4}},
	} {
		v := r
		v.View = r.View.Strided(c.dims, c.strides, 0)
		got := LinesOf(&v)
		if !c.want.Contiguous {
			require.False(t, got.Contiguous, name)
			continue
		}
		c.want.Elements, c.want.Offset = tensor.F32, v.View.Offset()
		require.Equal(t, c.want, got, name)
	}
}
