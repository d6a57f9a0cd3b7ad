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
	// N x 1 view) of C's type, and is added to every row.
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

func (m *Matmul) options() *Options {
	if m == nil {
		return new(Options)
	}
	return &m.Options
}

// Arrange implements Job.
func (m *Matmul) Arrange(f *Form, orient Orient) error {
	if m == nil {
		return invalid("job", "a *Matmul, *Softmax or *Attention", "nil")
	}
	if err := m.check(); err != nil {
		return err
	}
	if err := m.lay(f); err != nil {
		return err
	}
	if err := m.checkOverlap(); err != nil {
		return err
	}
	mirror, why := orient(m.A.Resident() != nil, m.B.Resident() != nil)
	if f.Orientation = why; mirror {
		f.A, f.B = f.B, f.A
		f.A.Transpose()
		f.B.Transpose()
		f.C.Transpose()
		f.Bias.Transpose()
	}
	f.Alpha, f.Beta = m.Scale.Factors()
	f.QueryOffset = 0
	p := &f.Problem
	p.Op = kernels.OpMatmul
	p.Shape = kernels.Shape{Batch: f.C.Matrices(), M: f.C.Rows(), N: f.C.Cols(), K: f.A.Cols()}
	p.A, p.B, p.C = f.A.DType(), f.B.DType(), f.C.DType()
	p.TransA, p.TransB = rowsContiguous(&f.A), rowsContiguous(&f.B)
	p.BetaNonZero, p.Bias, p.Mirrored = f.Beta != 0, !f.Bias.IsZero(), mirror
	p.Causal, p.QueryOffset = false, false
	return nil
}

// lay writes the operands after op, all of C's batch.
func (m *Matmul) lay(f *Form) error {
	f.A, f.B, f.C = m.A, m.B, m.C
	if m.TransA {
		f.A.Transpose()
	}
	if m.TransB {
		f.B.Transpose()
	}
	if err := f.checkShapes(); err != nil {
		return err
	}
	if batch := f.C.Matrices(); batch != 1 {
		f.A, f.B = f.A.Broadcast(batch), f.B.Broadcast(batch)
		if err := f.checkBroadcast(); err != nil {
			return err
		}
	}
	if m.Bias.IsZero() {
		f.Bias = tensor.View{}
		return nil
	}
	return m.spreadBias(f)
}

func (m *Matmul) check() error {
	if err := checkView("A", &m.A); err != nil {
		return err
	}
	if err := checkView("B", &m.B); err != nil {
		return err
	}
	if err := checkResult("C", &m.C); err != nil {
		return err
	}
	return m.Options.check()
}

// checkShapes holds the operands, after op, against each other.
func (f *Form) checkShapes() error {
	a, b, c := &f.A, &f.B, &f.C
	switch {
	case a.Cols() != b.Rows():
		return invalid("B.rows", "the columns of op(A)", "op(A) %v, op(B) %v", a.Dims(), b.Dims())
	case c.Rows() != a.Rows():
		return invalid("C.rows", "the rows of op(A)", "op(A) %v, C %v", a.Dims(), c.Dims())
	case c.Cols() != b.Cols():
		return invalid("C.cols", "the columns of op(B)", "op(B) %v, C %v", b.Dims(), c.Dims())
	case a.Matrices() != c.Matrices() && a.Matrices() != 1:
		return invalid("A.batch", "1 or the batch of C", "%d for %d", a.Matrices(), c.Matrices())
	case b.Matrices() != c.Matrices() && b.Matrices() != 1:
		return invalid("B.batch", "1 or the batch of C", "%d for %d", b.Matrices(), c.Matrices())
	}
	return nil
}

// checkBroadcast refuses matrices that are too many for their size, which
// only strides of 0 can bring about.
func (f *Form) checkBroadcast() error {
	if err := checkView("A", &f.A); err != nil {
		return err
	}
	return checkView("B", &f.B)
}

// spreadBias turns the bias into a view as large as C whose rows are all the
// same, by a stride of 0.
func (m *Matmul) spreadBias(f *Form) error {
	if err := checkView("Bias", &m.Bias); err != nil {
		return err
	}
	b, c := m.Bias, f.C.Dims()
	if b.DType() != f.C.DType() {
		return invalid("Bias", "the type of C, "+f.C.DType().String(), "%v", b.DType())
	}
	if b.Cols() == 1 && b.Rows() != 1 {
		b = b.T()
	}
	if b.Matrices() != 1 || b.Rows() != 1 || b.Cols() != c[2] {
		return invalid("Bias", "one value per column of C", "shape %v for C %v", m.Bias.Dims(), c)
	}
	f.Bias = b.Strided(c, tensor.Dims{0, 0, b.Strides()[2]}, b.Offset())
	return checkView("Bias", &f.Bias)
}

func (m *Matmul) checkOverlap() error {
	switch {
	case m.C.Overlaps(&m.A):
		return overlap("A")
	case m.C.Overlaps(&m.B):
		return overlap("B")
	case !m.Bias.IsZero() && m.C.Overlaps(&m.Bias):
		return overlap("Bias")
	}
	return nil
}

func overlap(with string) error {
	return invalid("C", "memory of its own", "overlapping %s", with)
}

// rowsContiguous reports whether a view is stored transposed.
func rowsContiguous(v *tensor.View) bool {
	s := v.Strides()
	return s[2] != 1 && s[1] == 1
}
