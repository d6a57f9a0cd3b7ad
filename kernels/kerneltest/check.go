package kerneltest

import (
	"fmt"
	"math"
)

// Check returns what is wrong with the result of a case that was run.
func (m *Matmul) Check(flushes bool) error {
	for i, o := range m.operands() {
		var mine func(b, i, j int) bool
		if o == m.C {
			mine = func(int, int, int) bool { return true }
		}
		if err := o.Changed(mine); err != nil {
			return fmt.Errorf("operand %d (A, B, C, biases): %w", i, err)
		}
	}
	tiny, reference := tinyFor(flushes), newReference(m)
	return m.C.first(func(b, i, j int) error {
		e := reference.element(b, i, j)
		if e.overflows() || e.either {
			return nil
		}
		r, _ := m.run(j)
		return m.C.compare(b, i, j, e.want, m.tolerance(r.Alpha, e.magnitude, tiny))
	})
}

// Check returns what is wrong with the result of a case that was run.
func (s *Softmax) Check(flushes bool) error {
	m := s.X.View.Rows()
	if s.X != s.Y {
		if err := s.X.Changed(nil); err != nil {
			return fmt.Errorf("operand X: %w", err)
		}
	}
	err := s.Y.Changed(func(b, i, j int) bool {
		cols, _ := s.row(b*m + i)
		return j < cols
	})
	if err != nil {
		return fmt.Errorf("operand Y: %w", err)
	}
	before := s.X.then()
	for r := range s.X.View.Matrices() * m {
		if err := s.checkRow(before, r/m, r%m, tinyFor(flushes)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Softmax) checkRow(before *Operand, b, i int, tiny float64) error {
	cols, attended := s.row(b*s.X.View.Rows() + i)
	x := make([]float64, attended)
	for j := range x {
		x[j] = float64(before.View.Value(b, i, j))
	}
	want, distance := normalised(x)
	for j := range cols {
		if j >= attended {
			if got := s.Y.View.Value(b, i, j); got != 0 {
				return fmt.Errorf("masked element (%d, %d, %d) is %v; want 0", b, i, j, got)
			}
			continue
		}
		e := unit*(float64(attended)+16+4*math.Min(farthest, distance[j]))*want[j] + tiny
		if err := s.Y.compare(b, i, j, want[j], e); err != nil {
			return err
		}
	}
	return nil
}

func tinyFor(flushes bool) float64 {
	if flushes {
		return normal
	}
	return subnormal
}

// then returns the operand as it was when the case was sealed.
func (o *Operand) then() *Operand {
	old := newStrided(o.View.DType(), o.View.Dims(), o.View.Strides())
	copy(old.Memory, o.before)
	return old
}

// first returns the first error of any element.
func (o *Operand) first(check func(b, i, j int) error) (err error) {
	o.each(func(b, i, j int) {
		if err == nil {
			err = check(b, i, j)
		}
	})
	return err
}

func (o *Operand) compare(b, i, j int, want, e float64) error {
	dt := o.View.DType()
	got := o.View.Value(b, i, j)
	if within(got, want, e, dt) {
		return nil
	}
	return fmt.Errorf("element (%d, %d, %d) of type %v is %v; want %v within %v: %v to %v",
		b, i, j, dt, got, want, e, round(want-e, dt), round(want+e, dt))
}
