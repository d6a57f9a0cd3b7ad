package kerneltest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// rowAmongRows normalises one row alone and among others, in a stack that is
// as wide as its width bucket allows.
func rowAmongRows(t *testing.T, impl *Implementation, row *kernels.Row, dt tensor.DType, g maker) {
	for _, cols := range []int{1, 7, 1 + g.IntN(200), 2100 + g.IntN(100)} {
		own := g.normals(cols)
		var alone []uint32
		for _, n := range g.companies() {
			if cols > 1000 {
				n = min(n, 20)
			}
			width, at := cols, g.IntN(n)
			if n > 1 {
				width += g.IntN(kernels.WidthBucket(cols) - cols + 1)
			}
			s := g.stack(dt, own, n, at, width)
			impl.Softmax(t, s.Key(row, impl.Caps), s)
			got := rowBits(s.Y, at, cols)
			if alone == nil {
				alone = got
			}
			require.Equal(t, alone, got, "%s: row %d of %d, %d columns of %d", row.Name, at, n, cols, width)
		}
	}
}

// stack makes n rows with own at a place among them.
func (g maker) stack(dt tensor.DType, own []float32, n, at, width int) *Softmax {
	d := tensor.Dims{1, n, width}
	s := &Softmax{Name: "in company", X: NewOperand(dt, d, g.layout(), false)}
	if s.Y = s.X; g.IntN(2) == 0 {
		s.Y = NewOperand(dt, d, g.layout(), false)
	}
	for i := range n {
		r := RowRun{Rows: 1, Cols: 1 + g.IntN(width), Limit: width}
		if i == at {
			r = RowRun{Rows: 1, Cols: len(own), Limit: len(own)}
		}
		s.Rows = append(s.Rows, r)
	}
	s.X.Fill(func(_, i, j int) float32 {
		if i == at && j < len(own) {
			return own[j]
		}
		return g.wild()
	})
	return s.seal()
}
