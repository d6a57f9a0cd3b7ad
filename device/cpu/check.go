package cpu

import (
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// checkMatmul makes sure that the bindings fit each other and that everything
// that is read lies where the host can address it.
func checkMatmul(key kernels.Key, m *device.Matmul) error {
	if err := m.Check(key); err != nil {
		return fmt.Errorf("cpu: %w", err)
	}
	if err := addressable("C", &m.C.View); err != nil {
		return err
	}
	for _, r := range m.Runs {
		if r.Bias >= 0 {
			if err := addressable("bias", &m.Biases[r.Bias].View); err != nil {
				return err
			}
		}
	}
	if !m.ReadsOperands() {
		return nil
	}
	return firstError(addressable("A", &m.A.View), addressable("B", &m.B.View))
}

func checkSoftmax(key kernels.Key, s *device.Softmax) error {
	if err := s.Check(key); err != nil {
		return fmt.Errorf("cpu: %w", err)
	}
	return firstError(addressable("X", &s.X.View), addressable("Y", &s.Y.View))
}

func checkCopy(c *device.Copy) error {
	if err := c.Check(); err != nil {
		return fmt.Errorf("cpu: %w", err)
	}
	return firstError(addressable("destination", &c.Dst.View), addressable("source", &c.Src.View))
}

var errNoMemory = errors.New("a view without memory that the host can address")

// addressable reports a view that the host cannot follow.
func addressable(name string, v *tensor.View) error {
	if v.Len() > 0 && v.Base() == nil {
		return fmt.Errorf("cpu: %s: %w", name, errNoMemory)
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
