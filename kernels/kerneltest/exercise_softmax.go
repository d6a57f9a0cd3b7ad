package kerneltest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func exerciseSoftmax(t *testing.T, impl *Implementation, row *kernels.Row, seed uint64) {
	for _, dt := range row.Types {
		if !impl.supports(t, row, [3]tensor.DType{dt, dt, dt}) {
			continue
		}
		t.Run(dt.String(), func(t *testing.T) {
			for _, s := range softmaxCases(newMaker(seed, row.Name), row, dt) {
				impl.Softmax(t, s.Key(row, impl.Caps), s)
				require.NoError(t, s.Check(impl.FlushesSubnormals), "%v", s)
			}
		})
	}
}

func softmaxCases(g maker, row *kernels.Row, dt tensor.DType) []*Softmax {
	cases := []*Softmax{specialRows(dt, 9), specialRows(dt, 700)}
	if row.Causal && row.Offset {
		cases = append(cases, maskedRows(dt, false), maskedRows(dt, true))
	}
	for range 25 {
		d := tensor.Dims{1 + g.IntN(3), g.upTo(9), g.upTo(300)}
		cases = append(cases, g.softmax(dt, d, row))
	}
	long := 5000 + g.IntN(200)
	if row.MaxCols > 0 {
		long = min(long, row.MaxCols)
	}
	cases = append(cases, g.softmax(dt, tensor.Dims{1, 2, long}, row), slopes(dt, long))
	for _, d := range []tensor.Dims{{0, 2, 3}, {2, 0, 3}, {2, 3, 0}} {
		cases = append(cases, g.softmax(dt, d, row))
	}
	return cases
}

// softmax makes a case with random runs, in place or not, masked in the ways
// the row claims.
func (g maker) softmax(dt tensor.DType, d tensor.Dims, row *kernels.Row) *Softmax {
	s := &Softmax{Name: "random", X: NewOperand(dt, d, g.layout(), false)}
	if s.Y = s.X; g.IntN(2) == 0 {
		s.Y = NewOperand(dt, d, g.layout(), false)
	}
	s.Causal = row.Causal && g.IntN(2) == 0
	s.Offset = s.Causal && row.Offset && g.IntN(2) == 0
	for left := d[0] * d[1]; left > 0; {
		r := RowRun{Rows: 1 + g.IntN(left), Cols: g.IntN(d[2] + 1), Limit: d[2]}
		if g.IntN(3) > 0 {
			r.Cols = d[2]
		}
		if s.Causal {
			r.Limit, r.Step = 1, 1
		}
		if s.Offset {
			r.Limit = 1 + g.IntN(d[2]+3) - min(2, d[2]) // from before the first column to past the last
		}
		s.Rows = append(s.Rows, r)
		left -= r.Rows
	}
	spread := []float32{1, 1, 10, 200}[g.IntN(4)]
	// What a row does not attend to stays NaN.
	s.X.each(func(b, i, j int) {
		if _, attended := s.row(b*d[1] + i); j < attended {
			s.X.View.SetValue(b, i, j, spread*g.number(false))
		}
	})
	return s.seal()
}

// specialRows is a case of ordinary columns with one or two special values in
// each row, one of them at the end, and rows of -Inf, wholly or in part.
func specialRows(dt tensor.DType, cols int) *Softmax {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	greatest, least := extremes(dt)
	specials := [][2]float32{
		{nan, 0},
		{0, nan},
		{inf, 0},
		{0, inf},
		{inf, inf},
		{-inf, 0},
		{0, -inf},
		{inf, -inf},
		{nan, inf},
		{greatest, 0},
		{-greatest, greatest},
		{least, -least},
		{0, 0},
	}
	rows := len(specials)
	d := tensor.Dims{1, rows + 4, cols}
	s := &Softmax{
		Name: "special values",
		X:    NewOperand(dt, d, RowPadded, false),
		Y:    NewOperand(dt, d, RowMajor, false),
		Rows: []RowRun{{Rows: d[1], Cols: cols, Limit: cols}},
	}
	s.X.Fill(func(_, i, j int) float32 {
		switch {
		case i == rows: // NaN
			return -inf
		case i == rows+1: // an even share for everyone
			return -greatest
		case i == rows+2 && j < cols/2: // a mask that was added
			return -inf
		case i == rows+3 && j < cols-1:
			return -inf
		case i >= rows:
			return 1
		case j == 2:
			return specials[i][0]
		case j == cols-1:
			return specials[i][1]
		}
		return float32(j%7) / 4
	})
	return s.seal()
}

// slopes is a case of two rows: one rises from column to column, so that each
// is a new maximum; one falls.
func slopes(dt tensor.DType, cols int) *Softmax {
	d := tensor.Dims{1, 2, cols}
	s := &Softmax{
		Name: "slopes",
		X:    NewOperand(dt, d, RowMajor, false),
		Y:    NewOperand(dt, d, RowMajor, false),
		Rows: []RowRun{{Rows: 2, Cols: cols, Limit: cols}},
	}
	s.X.Fill(func(_, i, j int) float32 { return float32(1-2*i) * 8 * float32(j) / float32(cols) })
	return s.seal()
}

// maskedRows is a causal case that starts with rows that attend to nothing.
func maskedRows(dt tensor.DType, inPlace bool) *Softmax {
	d := tensor.Dims{1, 9, 5}
	s := &Softmax{
		Name: "masked rows", Causal: true, Offset: true,
		X:    NewOperand(dt, d, RowMajor, false),
		Rows: []RowRun{{Rows: 9, Cols: 5, Limit: -2, Step: 1}},
	}
	if s.Y = s.X; !inPlace {
		s.Y = NewOperand(dt, d, ColumnPadded, false)
	}
	s.X.Fill(func(_, i, j int) float32 { return float32(i - j) })
	return s.seal()
}
