package reference

import (
	"math"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Row is one row of a softmax.
type Row struct {
	x           tensor.View
	b, i, cols  int
	most, total float64
}

// SoftmaxRow returns row i of matrix b of x, of which the first cols columns
// are attended to.
func SoftmaxRow(x tensor.View, b, i, cols int) Row {
	r := Row{x: x, b: b, i: i, cols: cols, most: math.Inf(-1)}
	for j := range cols {
		r.most = max(r.most, float64(x.Value(b, i, j)))
	}
	for j := range cols {
		r.total += math.Exp(float64(x.Value(b, i, j)) - r.most)
	}
	return r
}

// At returns column j of the result.
func (r *Row) At(j int) Value {
	if j >= r.cols {
		return Value{}
	}
	distance := r.most - float64(r.x.Value(r.b, r.i, j))
	want := math.Exp(-distance) / r.total
	return Value{want, unit*(float64(r.cols)+16+4*min(104, distance))*want + tiny}
}
