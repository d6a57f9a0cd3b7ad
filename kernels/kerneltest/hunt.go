package kerneltest

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Hunt runs the cases of Exercise, as seed makes them, on one row until one is
// wrong, and says which. It is for tests of the suite itself, which a kernel
// with a mistake must not survive. Matmul and Softmax get a nil testing.TB;
// ran is called after each of them and returns what went wrong there.
func Hunt(impl Implementation, row *kernels.Row, seed uint64, ran func() error) error {
	for _, types := range typesOf(row) {
		p := kernels.Problem{
			Op: row.Family.Op(), Shape: kernels.Shape{Batch: 1, M: 1, N: 1, K: 1},
			A: types[0], B: types[1], C: types[2],
		}
		if ok, _ := row.Supports(p, impl.Caps); !ok {
			continue
		}
		if err := impl.hunt(row, types, seed, ran); err != nil {
			return err
		}
	}
	return nil
}

func (impl *Implementation) hunt(row *kernels.Row, types [3]tensor.DType, seed uint64, ran func() error) error {
	g := newMaker(seed, row.Name)
	if row.Family.Op() == kernels.OpSoftmax {
		for _, s := range softmaxCases(g, row, types[0]) {
			impl.Softmax(nil, s.Key(row, impl.Caps), s)
			if err := firstError(ran(), s.Check(impl.FlushesSubnormals)); err != nil {
				return fmt.Errorf("%v: %w", s, err)
			}
		}
		return nil
	}
	for _, m := range matmulCases(g, row, types, impl) {
		impl.Matmul(nil, m.Key(row, impl.Caps), m)
		if err := firstError(ran(), m.Check(impl.FlushesSubnormals)); err != nil {
			return fmt.Errorf("%v: %w", m, err)
		}
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
