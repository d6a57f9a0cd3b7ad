package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestLargeProducts computes products that are packed in phases, two of them in
// one stage, and compares some elements with float64.
func TestLargeProducts(t *testing.T) {
	for _, l := range cpu.Levels() {
		t.Run(l.String(), func(t *testing.T) {
			defer cpu.Use(l)()
			if !cpu.HasPanels() {
				t.Log("NOT TESTED: nothing is packed")
				return
			}
			d := open(t, 3)
			q := newQueueOf(t, d)
			for _, s := range []kernels.Shape{
				{Batch: 1, M: 300, N: 301, K: 302},
				{Batch: 2, M: 515, N: 67, K: 1030},
				{Batch: 1, M: 9, N: 700, K: 5000},
				{Batch: 1, M: 700, N: 700, K: 17000}, // in slabs
			} {
				first, second := largeProduct(t, d, s), largeProduct(t, d, s)
				stage := device.Stage{Dispatches: []device.Dispatch{first, second}}
				require.NoError(t, newCommitter(t, q, stage).run())
				requireProduct(t, first.Matmul)
				requireProduct(t, second.Matmul)
			}
		})
	}
}

// largeProduct makes a dispatch whose operands are transposed or not.
func largeProduct(t testing.TB, d *Device, s kernels.Shape) device.Dispatch {
	operand := func(rows, cols int) device.Region {
		if rand.IntN(2) == 0 {
			r := filled(t, d, tensor.F32, tensor.Dims{s.Batch, cols, rows})
			r.View = r.View.T()
			return r
		}
		return filled(t, d, tensor.F32, tensor.Dims{s.Batch, rows, cols})
	}
	p, err := d.Compile(kernels.Key{Kernel: "matmul_simd", A: tensor.F32, B: tensor.F32, C: tensor.F32})
	require.NoError(t, err)
	return device.Dispatch{Pipeline: p, Matmul: &device.Matmul{
		Shape: s, A: operand(s.M, s.K), B: operand(s.K, s.N), C: operand(s.M, s.N),
		Runs: []device.Run{{Columns: s.N, Alpha: 2, Bias: -1}},
	}}
}

// requireProduct compares elements of all corners and some between.
func requireProduct(t testing.TB, m *device.Matmul) {
	a, b, c, s := m.A.View, m.B.View, m.C.View, m.Shape
	for range 200 {
		n, i, j := rand.IntN(s.Batch), edge(s.M), edge(s.N)
		want, magnitude := 0.0, 0.0
		for k := range s.K {
			product := float64(m.Runs[0].Alpha) * float64(a.Value(n, i, k)) * float64(b.Value(n, k, j))
			want += product
			magnitude += math.Abs(product)
		}
		require.InDelta(t, want, c.Value(n, i, j), 0x1p-20*magnitude, "%v: (%d, %d, %d)", s, n, i, j)
	}
}

// edge returns an index, often the first or the last.
func edge(n int) int {
	switch rand.IntN(4) {
	case 0:
		return 0
	case 1:
		return n - 1
	}
	return rand.IntN(n)
}
