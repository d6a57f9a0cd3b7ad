package job

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Matmul asks for C = alpha*op(A)*op(B) + beta*C + bias, for every matrix of
// a batch. op(A) is M x K, op(B) is K x N, C is M x N; op transposes when the
// flag is set. A and B may have one matrix where the batch has many: it then
// stands for all of them.
//
// Types: A and B of one type, or the weights f16/bf16 with f32 activations;
// C of the activations' type or f32. Sums are kept in f32.
//
// With beta 0 C is not read, so it may hold anything, NaN included. With
// alpha 0 A and B are not read. C may not overlap A, B or Bias. Jobs are
// unordered: two jobs that write the same memory race.
type Matmul struct {
	A, B, C tensor.View
	// Bias, if set, has one value per column of C (length N, as a 1 x N or
	// N x 1 view) and is added to every row.
	Bias           tensor.View
	TransA, TransB bool
	// Scale holds alpha and beta. The zero Scale is alpha 1, beta 0.
	Scale Scale
	Options
}

// Scale holds the factors of a product. Its zero value is alpha 1, beta 0.
type Scale struct {
	alpha, beta float32
	set         bool
}

// AlphaBeta returns the Scale with the given factors.
func AlphaBeta(alpha, beta float32) Scale { return Scale{alpha: alpha, beta: beta, set: true} }

// Factors returns alpha and beta.
func (s Scale) Factors() (alpha, beta float32) {
	if !s.set {
		return 1, 0
	}
	return s.alpha, s.beta
}

func (m *Matmul) options() *Options { return &m.Options }

// Arrange implements Job.
func (m *Matmul) Arrange(f *Form, orient Orient) error {
	if m == nil {
		return invalid("job", "a *Matmul or *Softmax", "nil")
	}
	if err := m.check(); err != nil {
		return err
	}
	f.A, f.B, f.C, f.Bias = m.A, m.B, m.C, tensor.View{}
	if m.TransA {
		f.A = f.A.T()
	}
	if m.TransB {
		f.B = f.B.T()
	}
	batch := f.C.Matrices()
	if err := f.checkShapes(); err != nil {
		return err
	}
	f.A, f.B = f.A.Broadcast(batch), f.B.Broadcast(batch)
	if err := m.spreadBias(f); err != nil {
		return err
	}
	if err := m.checkOverlap(); err != nil {
		return err
	}
	var mirror bool
	if mirror, f.Orientation = orient(m.A.Resident() != nil, m.B.Resident() != nil); mirror {
		f.A, f.B, f.C, f.Bias = f.B.T(), f.A.T(), f.C.T(), f.Bias.T()
	}
	f.Alpha, f.Beta = m.Scale.Factors()
	f.QueryOffset = 0
	f.Problem = kernels.Problem{
		Op:    kernels.OpMatmul,
		Shape: kernels.Shape{Batch: batch, M: f.C.Rows(), N: f.C.Cols(), K: f.A.Cols()},
		A:     f.A.DType(), B: f.B.DType(), C: f.C.DType(),
		TransA: rowsContiguous(f.A), TransB: rowsContiguous(f.B),
		BetaNonZero: f.Beta != 0, Bias: !f.Bias.IsZero(), Mirrored: mirror,
	}
	return nil
}

func (m *Matmul) check() error {
	if err := checkView("A", m.A); err != nil {
		return err
	}
	if err := checkView("B", m.B); err != nil {
		return err
	}
	if err := checkResult("C", m.C); err != nil {
		return err
	}
	return m.Options.check()
}

// checkShapes holds the operands, after op, against each other.
func (f *Form) checkShapes() error {
	a, b, c := f.A.Dims(), f.B.Dims(), f.C.Dims()
	switch {
	case a[2] != b[1]:
		return invalid("B.rows", "the columns of op(A)", "op(A) %v, op(B) %v", a, b)
	case c[1] != a[1]:
		return invalid("C.rows", "the rows of op(A)", "op(A) %v, C %v", a, c)
	case c[2] != b[2]:
		return invalid("C.cols", "the columns of op(B)", "op(B) %v, C %v", b, c)
	case a[0] != c[0] && a[0] != 1:
		return invalid("A.batch", "1 or the batch of C", "%d for %d", a[0], c[0])
	case b[0] != c[0] && b[0] != 1:
		return invalid("B.batch", "1 or the batch of C", "%d for %d", b[0], c[0])
	}
	return nil
}

// spreadBias turns the bias into a view as large as C whose rows are all the
// same, by a stride of 0.
func (m *Matmul) spreadBias(f *Form) error {
	if m.Bias.IsZero() {
		return nil
	}
	if err := checkView("Bias", m.Bias); err != nil {
		return err
	}
	b, c := m.Bias, f.C.Dims()
	if b.Cols() == 1 && b.Rows() != 1 {
		b = b.T()
	}
	if b.Matrices() != 1 || b.Rows() != 1 || b.Cols() != c[2] {
		return invalid("Bias", "one value per column of C", "shape %v for C %v", m.Bias.Dims(), c)
	}
	f.Bias = b.Strided(c, tensor.Dims{0, 0, b.Strides()[2]}, b.Offset())
	return f.Bias.Err()
}

func (m *Matmul) checkOverlap() error {
	for _, in := range [...]struct {
		name string
		view *tensor.View
	}{{"A", &m.A}, {"B", &m.B}, {"Bias", &m.Bias}} {
		if !in.view.IsZero() && m.C.Overlaps(*in.view) {
			return invalid("C", "memory of its own", "overlapping %s", in.name)
		}
	}
	return nil
}

// rowsContiguous reports whether a view is stored transposed.
func rowsContiguous(v tensor.View) bool {
	s := v.Strides()
	return s[2] != 1 && s[1] == 1
}
