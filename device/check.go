package device

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// ReadsOperands reports whether any element of the product needs A and B: some
// column has an alpha other than 0, and K is not 0.
func (m *Matmul) ReadsOperands() bool {
	for i := range m.Runs {
		if m.Runs[i].Alpha != 0 && m.Runs[i].Columns > 0 {
			return m.Shape.K > 0
		}
	}
	return false
}

// Check makes sure that the bindings fit each other and the key, so that a
// mistake above the seam is an error and not a wild pointer. It does not look
// at A and B when they are not read.
func (m *Matmul) Check(key kernels.Key) error {
	s := m.Shape
	if s.Batch < 0 || s.M < 0 || s.N < 0 || s.K < 0 {
		return fmt.Errorf("shape %v", s)
	}
	if n := m.C.View.Matrices(); n != s.Batch {
		return fmt.Errorf("matrix C: %d of a batch of %d", n, s.Batch)
	}
	if err := checkOperand("C", &m.C.View, key.C, s.Batch, s.M, s.N); err != nil {
		return err
	}
	if err := m.checkRuns(key); err != nil || !m.ReadsOperands() {
		return err
	}
	if err := checkOperand("A", &m.A.View, key.A, s.Batch, s.M, s.K); err != nil {
		return err
	}
	return checkOperand("B", &m.B.View, key.B, s.Batch, s.K, s.N)
}

func (m *Matmul) checkRuns(key kernels.Key) error {
	columns := 0
	for _, r := range m.Runs {
		if r.Columns < 0 || r.Bias >= len(m.Biases) {
			return fmt.Errorf("run of %d columns with bias %d of %d", r.Columns, r.Bias, len(m.Biases))
		}
		if r.Bias >= 0 {
			v := &m.Biases[r.Bias].View
			if err := checkOperand("bias", v, key.C, m.Shape.Batch, m.Shape.M, r.Columns); err != nil {
				return err
			}
		}
		columns += r.Columns
	}
	if columns != m.Shape.N {
		return fmt.Errorf("runs of %d columns for %d", columns, m.Shape.N)
	}
	return nil
}

// checkOperand checks a view of one matrix, or of as many as the batch has.
func checkOperand(name string, v *tensor.View, dt tensor.DType, batch, rows, cols int) error {
	if err := v.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	d := v.Dims()
	if d[1] != rows || d[2] != cols || (d[0] != batch && d[0] != 1) || v.DType() != dt {
		return fmt.Errorf("%s is %v %v; want %v %dx%d of 1 or %d matrices", name, v.DType(), d, dt, rows, cols, batch)
	}
	return nil
}

// Check makes sure that the bindings fit each other and the key.
func (s *Softmax) Check(key kernels.Key) error {
	x, y := &s.X.View, &s.Y.View
	for _, v := range [...]*tensor.View{x, y} {
		if err := v.Err(); err != nil {
			return err
		}
	}
	if x.Dims() != y.Dims() || x.DType() != key.A || y.DType() != key.C {
		return fmt.Errorf("softmax of %v %v to %v %v with %v", x.DType(), x.Dims(), y.DType(), y.Dims(), key)
	}
	rows := 0
	for _, r := range s.Rows {
		if r.Rows < 0 || r.Cols < 0 || r.Cols > x.Cols() {
			return fmt.Errorf("%d rows of %d columns in %v", r.Rows, r.Cols, x.Dims())
		}
		rows += r.Rows
	}
	if rows != x.Matrices()*x.Rows() {
		return fmt.Errorf("runs of %d rows for %d", rows, x.Matrices()*x.Rows())
	}
	return nil
}

// Check makes sure that both sides are alike.
func (c *Copy) Check() error {
	dst, src := &c.Dst.View, &c.Src.View
	for _, v := range [...]*tensor.View{dst, src} {
		if err := v.Err(); err != nil {
			return err
		}
	}
	if dst.DType() != src.DType() || dst.Dims() != src.Dims() {
		return fmt.Errorf("copy of %v %v to %v %v", src.DType(), src.Dims(), dst.DType(), dst.Dims())
	}
	return nil
}
