package gpu

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestStretches(t *testing.T) {
	run := func(columns int, alpha, beta float32, bias int) device.Run {
		return device.Run{Columns: columns, Alpha: alpha, Beta: beta, Bias: bias}
	}
	plain := func(column, columns, run, runs int, alpha, beta float32) Stretch {
		return Stretch{column, columns, run, runs, alpha, beta, true}
	}
	rest := func(column, columns, run, runs int) Stretch { return Stretch{column, columns, run, runs, 0, 0, false} }
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		runs []device.Run
		want []Stretch
	}{
		{"none", nil, nil},
		{"one", []device.Run{run(3, 2, 0, -1)}, []Stretch{plain(0, 3, 0, 1, 2, 0)}},
		{"equal ones", []device.Run{run(3, 2, 1, -1), run(1, 2, 1, -1)}, []Stretch{plain(0, 4, 0, 2, 2, 1)}},
		{"another alpha", []device.Run{run(3, 2, 1, -1), run(1, 3, 1, -1)}, []Stretch{plain(0, 3, 0, 1, 2, 1), plain(3, 1, 1, 1, 3, 1)}},
		{"another beta", []device.Run{run(3, 2, 1, -1), run(1, 2, 0, -1)}, []Stretch{plain(0, 3, 0, 1, 2, 1), plain(3, 1, 1, 1, 2, 0)}},
		{
			"bias, alpha 0, NaN",
			[]device.Run{run(1, 2, 1, 0), run(2, 0, 1, -1), run(3, nan, 0, -1), run(4, 1, nan, -1), run(5, 1, 1, -1)},
			[]Stretch{rest(0, 10, 0, 4), plain(10, 5, 4, 1, 1, 1)},
		},
		{
			"empty ones",
			[]device.Run{run(0, 9, 9, -1), run(2, 1, 0, -1), run(0, 5, 5, 0), run(3, 1, 0, -1), run(0, 7, 7, 0)},
			[]Stretch{plain(0, 5, 1, 3, 1, 0)},
		},
	} {
		require.Equal(t, c.want, Stretches(c.runs), c.name)
	}
}

func TestNarrowed(t *testing.T) {
	m := product(t)
	m.Runs[1].Bias = -1
	part := Stretches(m.Runs)[1].Narrowed(m)
	require.Equal(t, 3, part.Shape.N)
	require.Equal(t, 2, part.B.View.Offset())
	require.Equal(t, m.Runs[1:], part.Runs)
	require.NoError(t, part.Check(f32))
}

func TestLines(t *testing.T) {
	r := region(t, tensor.Dims{2, 6, 8}, 3)
	for name, c := range map[string]struct {
		dims, strides tensor.Dims
		want          Lines // of elements and offset apart
	}{
		"rows":                  {tensor.Dims{2, 3, 4}, tensor.Dims{20, 5, 1}, Lines{Batch: 20, Rows: 3, Columns: 4, Lead: 5, Contiguous: true}},
		"columns":               {tensor.Dims{1, 3, 4}, tensor.Dims{20, 1, 6}, Lines{Rows: 4, Columns: 3, Lead: 6, Transposed: true, Contiguous: true}},
		"one row, far apart":    {tensor.Dims{1, 1, 4}, tensor.Dims{0, 0, 7}, Lines{Rows: 4, Columns: 1, Lead: 7, Transposed: true, Contiguous: true}},
		"one row":               {tensor.Dims{1, 1, 4}, tensor.Dims{0, 0, 1}, Lines{Rows: 1, Columns: 4, Lead: 4, Contiguous: true}},
		"one column, far apart": {tensor.Dims{1, 4, 1}, tensor.Dims{0, 7, 9}, Lines{Rows: 4, Columns: 1, Lead: 7, Contiguous: true}},
		"one element":           {tensor.Dims{1, 1, 1}, tensor.Dims{0, 0, 0}, Lines{Rows: 1, Columns: 1, Lead: 1, Contiguous: true}},
		"neither":               {tensor.Dims{1, 3, 4}, tensor.Dims{0, 20, 2}, Lines{}},
		"rows that repeat":      {tensor.Dims{1, 3, 4}, tensor.Dims{0, 0, 1}, Lines{}},
		"rows that meet":        {tensor.Dims{1, 3, 4}, tensor.Dims{0, 2, 1}, Lines{}},
	} {
		v := r
		v.View = r.View.Strided(c.dims, c.strides, 0)
		got := LinesOf(&v)
		require.Equal(t, c.want.Contiguous, got.Contiguous, name)
		if !got.Contiguous {
			continue
		}
		c.want.Elements, c.want.Offset = tensor.F32, v.View.Offset()
		require.Equal(t, c.want, got, name)
	}
}
