package cpu

import (
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// checkMatmul makes sure that the bindings fit each other, so that a mistake
// above the seam is an error and not a wild pointer.
func checkMatmul(key kernels.Key, m *device.Matmul) error {
	s := m.Shape
	if s.Batch < 0 || s.M < 0 || s.N < 0 || s.K < 0 {
		return fmt.Errorf("cpu: shape %v", s)
	}
	if m.C.View.Matrices() != s.Batch {
		return fmt.Errorf("cpu: C has %d matrices of %d", m.C.View.Matrices(), s.Batch)
	}
	if err := operand("C", m.C.View, key.C, s.Batch, s.M, s.N); err != nil {
		return err
	}
	live, err := checkRuns(m)
	if err != nil || !live || s.K == 0 {
		return err // A and B are not looked at
	}
	return firstError(
		operand("A", m.A.View, key.A, s.Batch, s.M, s.K),
		operand("B", m.B.View, key.B, s.Batch, s.K, s.N))
}

// checkRuns also reports whether any column needs A and B.
func checkRuns(m *device.Matmul) (live bool, err error) {
	columns := 0
	for _, r := range m.Runs {
		if r.Columns < 0 || r.Bias >= len(m.Biases) {
			return false, fmt.Errorf("cpu: run of %d columns with bias %d of %d", r.Columns, r.Bias, len(m.Biases))
		}
		if r.Bias >= 0 {
			v := m.Biases[r.Bias].View
			if err := operand("bias", v, v.DType(), m.Shape.Batch, m.Shape.M, r.Columns); err != nil {
				return false, err
			}
		}
		columns += r.Columns
		live = live || r.Alpha != 0
	}
	if columns != m.Shape.N {
		return false, fmt.Errorf("cpu: runs of %d columns for %d", columns, m.Shape.N)
	}
	return live, nil
}

// operand checks a view of one matrix, or of as many as the batch has.
func operand(name string, v tensor.View, dt tensor.DType, batch, rows, cols int) error {
	if err := readable(v); err != nil {
		return fmt.Errorf("cpu: %s: %w", name, err)
	}
	d := v.Dims()
	if d[1] != rows || d[2] != cols || (d[0] != batch && d[0] != 1) || v.DType() != dt {
		return fmt.Errorf("cpu: %s is %v %v; want %v %dx%d of 1 or %d matrices", name, v.DType(), d, dt, rows, cols, batch)
	}
	return nil
}

func checkSoftmax(key kernels.Key, s *device.Softmax) error {
	x, y := s.X.View, s.Y.View
	if err := firstError(readable(x), readable(y)); err != nil {
		return err
	}
	if x.Dims() != y.Dims() || x.DType() != key.A || y.DType() != key.C {
		return fmt.Errorf("cpu: softmax of %v %v to %v %v with %v", x.DType(), x.Dims(), y.DType(), y.Dims(), key)
	}
	rows := 0
	for _, r := range s.Rows {
		if r.Rows < 0 || r.Cols < 0 || r.Cols > x.Cols() {
			return fmt.Errorf("cpu: %d rows of %d columns in %v", r.Rows, r.Cols, x.Dims())
		}
		rows += r.Rows
	}
	if rows != x.Matrices()*x.Rows() {
		return fmt.Errorf("cpu: runs of %d rows for %d", rows, x.Matrices()*x.Rows())
	}
	return nil
}

var errNoMemory = errors.New("a view without memory that the host can address")

// readable reports a view that the host cannot follow.
func readable(v tensor.View) error {
	if err := v.Err(); err != nil {
		return err
	}
	if v.Len() > 0 && v.Base() == nil {
		return errNoMemory
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
