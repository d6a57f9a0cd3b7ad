package job

import (
	"math"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Attention asks for O = softmax(Scale*Q*Kt)*V, for every head. Each view is a
// batch with one matrix for each head:
//
//	Q  heads     x rows x dim
//	K  K/V heads x keys x dim
//	V  K/V heads x keys x value dim
//	O  heads     x rows x value dim
//
// in any strides: tensors that lie as rows x heads x dim are named by a view
// whose batch stride is the shorter one. The heads are a multiple of the K/V
// heads, and neighbours share one: head h reads K/V head h/(heads/(K/V heads)).
//
// Q, K and V have one type; O has that type or f32. Scores and weights are f32
// and stay on the device. They are computed in steps, so their memory is
// bounded whatever the number of keys.
//
// A row that attends to no key is all zeros. Scores that are NaN or +Inf make
// their row NaN, as does a row whose scores are all -Inf. With Causal, keys that
// a row does not attend to never count, but for one thing: an Inf or NaN in V
// may make rows NaN that do not attend to its key, because 0 times it is NaN.
// Which rows does not depend on other jobs. Keys that no row attends to are not
// read.
//
// O may not overlap Q, K or V. Q, K and V may be loaded operands or parts of
// them.
type Attention struct {
	Q, K, V, O tensor.View
	// Scale is what scores are multiplied with. 0: 1/sqrt(dim).
	Scale float32
	// Causal masks the keys after a row's own position: row i attends to keys 0
	// to i+QueryOffset.
	Causal bool
	// QueryOffset is the position of row 0 among the keys, such as the number of
	// tokens already in a cache: keys-rows where the last row attends to all.
	// With a negative offset the first rows attend to no key. Only with Causal.
	QueryOffset int
	Options
}

func (a *Attention) options() *Options {
	if a == nil {
		return new(Options)
	}
	return &a.Options
}

// Arrange implements Job.
func (a *Attention) Arrange(f *Form, _ Orient) error {
	if a == nil {
		return invalid("job", "a *Matmul, *Softmax or *Attention", "nil")
	}
	if err := a.check(); err != nil {
		return err
	}
	f.A, f.B, f.C, f.Bias = a.Q, a.K, a.O, a.V
	f.Alpha, f.Beta, f.QueryOffset = a.scale(), 0, a.QueryOffset
	f.Orientation = "attention: link by link, see its rules"
	d, group := a.K.Dims(), 1
	if d[0] > 0 {
		group = a.Q.Matrices() / d[0]
	}
	f.Problem = kernels.Problem{
		Op:    kernels.OpAttention,
		Shape: kernels.Shape{Batch: d[0], M: a.Q.Rows(), N: d[1], K: d[2]},
		A:     a.Q.DType(), B: a.K.DType(), C: a.O.DType(),
		TransA: rowsContiguous(&a.Q), TransB: rowsContiguous(&a.K), TransV: rowsContiguous(&a.V),
		Group: group, ValueCols: a.V.Cols(),
		Causal: a.Causal, QueryOffset: a.QueryOffset != 0,
	}
	return nil
}

func (a *Attention) scale() float32 {
	if a.Scale == 0 && a.Q.Cols() > 0 {
		return float32(1 / math.Sqrt(float64(a.Q.Cols())))
	}
	return a.Scale
}

func (a *Attention) check() error {
	inputs := [...]input{{"Q", &a.Q}, {"K", &a.K}, {"V", &a.V}}
	for _, in := range inputs {
		if err := checkView(in.name, in.view); err != nil {
			return err
		}
		if in.view.DType() != a.Q.DType() {
			return invalid(in.name+".dtype", "the type of Q", "%v for %v", in.view.DType(), a.Q.DType())
		}
	}
	if err := checkResult("O", &a.O); err != nil {
		return err
	}
	if err := a.checkShapes(); err != nil {
		return err
	}
	switch {
	case a.O.DType() != a.Q.DType() && a.O.DType() != tensor.F32:
		return invalid("O.dtype", "the type of Q, or f32", "%v for %v", a.O.DType(), a.Q.DType())
	case a.Scale-a.Scale != 0: // NaN, Inf
		return invalid("Scale", "a finite number", "%v", a.Scale)
	case a.QueryOffset < -maxOffset || a.QueryOffset > maxOffset:
		return invalid("QueryOffset", "-2^40 to 2^40", "%d", a.QueryOffset)
	case a.QueryOffset != 0 && !a.Causal:
		return invalid("QueryOffset", "0 without Causal", "%d", a.QueryOffset)
	}
	for _, in := range inputs {
		if a.O.Overlaps(in.view) {
			return invalid("O", "memory of its own", "overlapping %s", in.name)
		}
	}
	return a.Options.check()
}

// input is one of the views that are read.
type input struct {
	name string
	view *tensor.View
}

// checkShapes holds the views against each other.
func (a *Attention) checkShapes() error {
	q, k, v, o := a.Q.Dims(), a.K.Dims(), a.V.Dims(), a.O.Dims()
	switch {
	case k[0] == 0 && q[0] != 0, k[0] != 0 && q[0]%k[0] != 0:
		return invalid("K.batch", "a divisor of the heads of Q", "%d for %d", k[0], q[0])
	case k[0] != 0 && q[0] == 0:
		return invalid("Q.batch", "a multiple of the heads of K, at least 1", "0 for %d", k[0])
	case k[2] != q[2]:
		return invalid("K.cols", "the columns of Q", "Q %v, K %v", q, k)
	case v[0] != k[0]:
		return invalid("V.batch", "the heads of K", "K %v, V %v", k, v)
	case v[1] != k[1]:
		return invalid("V.rows", "the rows of K", "K %v, V %v", k, v)
	case o[0] != q[0]:
		return invalid("O.batch", "the heads of Q", "Q %v, O %v", q, o)
	case o[1] != q[1]:
		return invalid("O.rows", "the rows of Q", "Q %v, O %v", q, o)
	case o[2] != v[2]:
		return invalid("O.cols", "the columns of V", "V %v, O %v", v, o)
	}
	return nil
}
