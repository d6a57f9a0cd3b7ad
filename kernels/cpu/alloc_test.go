package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestNoAllocation checks that a kernel lives off its scratch memory.
func TestNoAllocation(t *testing.T) {
	s := new(Scratch)
	for name, kernel := range Matmuls {
		p := &Product{
			M: 20, N: 20, K: 20,
			A:    randomMat(20, 20, tensor.F16),
			B:    randomMat(20, 20, tensor.F32),
			C:    randomMat(20, 20, tensor.F32),
			Runs: []Run{{Columns: 12, Alpha: 1, Beta: 1}, {Columns: 8, Alpha: 0, Bias: randomMat(20, 8, tensor.F32)}},
		}
		require.Zero(t, testing.AllocsPerRun(10, func() { kernel.Compute(s, p, Block{0, 0, 20, 0, 20}) }), name)
	}
	x := randomMat(4, 3000, tensor.BF16)
	for name, kernel := range Softmaxes {
		p := &Rows{M: 4, X: x, Y: x, Runs: []RowRun{{Rows: 4, Cols: 3000, Limit: 1, Step: 1}}}
		require.Zero(t, testing.AllocsPerRun(10, func() { kernel.Compute(s, p, 0, 4) }), name)
	}
}

// TestStretch cuts the columns where alpha becomes 0 or stops being 0.
func TestStretch(t *testing.T) {
	p := &Product{N: 9, Runs: []Run{{Columns: 2, Alpha: 1}, {Columns: 0}, {Columns: 3, Alpha: 2}, {Columns: 4}}}
	for _, c := range []struct {
		n, limit, end int
		live          bool
	}{{0, 9, 5, true}, {0, 4, 4, true}, {3, 9, 5, true}, {5, 9, 9, false}, {6, 7, 7, false}} {
		end, live := p.stretch(c.n, c.limit)
		require.Equal(t, c.end, end, "%+v", c)
		require.Equal(t, c.live, live, "%+v", c)
	}
}
