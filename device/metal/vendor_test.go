//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Operations of the vendor library are kept, but not without limit.
func TestVendorOperationsAreBounded(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y := s.vector(device.SpaceShared), s.vector(device.SpaceShared)
	scale := s.scaling(vendorKernel, 1, y, x)
	require.NoError(t, run(q, transfer(x, column(ones()))))
	for i := range 2 * maxProducts {
		alpha := float32(i + 1)
		scale.Matmul.Runs[0].Alpha = alpha
		for range 2 {
			require.NoError(t, run(q, work(scale)))
			require.Equal(t, alpha, floats(y.Buffer)[3])
		}
		require.LessOrEqual(t, s.Live()["MPSMatrixMultiplication"], maxProducts)
	}
	require.Equal(t, maxProducts, s.Live()["MPSMatrixMultiplication"])
	require.Zero(t, s.Live()["MPSMatrix"])
	require.NoError(t, q.Close())
	require.Zero(t, s.Live()["MPSMatrixMultiplication"])
}

// The vendor library's encoders and ours, in turn, in one command buffer and
// one stage.
func TestVendorBesideOthers(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y, z := s.vector(device.SpaceShared), s.vector(device.SpaceShared), s.vector(device.SpaceShared)
	got := make([]float32, width)
	require.NoError(t, run(q,
		transfer(x, column(ones())),
		work(s.scaling("matmul_gemv", 2, y, x), s.scaling(vendorKernel, 3, z, x)),
		work(s.scaling(vendorKernel, 5, x, y)),
		work(s.scaling("matmul_gemv", 7, y, x), s.scaling(vendorKernel, 11, z, x)),
		transfer(x, z),
		work(s.scaling("matmul_gemv", 13, z, x)),
		transfer(column(got), z),
	))
	require.EqualValues(t, 2*5*11*13, got[0])
	require.EqualValues(t, 2*5*7, floats(y.Buffer)[0])
}

// Without elements there is nothing to ask the vendor library for.
func TestVendorWithoutElements(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y := s.vector(device.SpaceShared), s.vector(device.SpaceShared)
	scale := s.scaling(vendorKernel, 2, y, x)
	m := scale.Matmul
	m.Shape.M = 0
	m.A.View, m.C.View = m.A.View.Slice(0, 0, 0, width), m.C.View.Slice(0, 0, 0, 1)
	require.NoError(t, run(q, work(scale)))
}

// Batches that the vendor library can describe at once and those it cannot,
// against what they are.
func TestVendorBatches(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	const n, batch = 2, 3
	key := gemv
	key.Kernel = vendorKernel
	p, err := s.device.Compile(key)
	require.NoError(t, err)
	for _, strides := range []tensor.Dims{{4, 2, 1}, {8, 1, 2}, {5, 2, 1}, {0, 2, 1}} {
		at := func(st tensor.Dims) device.Region {
			r := device.In(s.alloc(device.SpaceShared, 4*64), tensor.F32, tensor.Dims{1, 1, 64}, 0)
			clear(floats(r.Buffer))
			r.View = r.View.Strided(tensor.Dims{batch, n, n}, st, 1)
			return r
		}
		a, b, c := at(strides), at(tensor.Dims{8, 4, 1}), at(tensor.Dims{4, 2, 1})
		for i := range batch * n * n {
			a.View.SetValue(i/4, i/2%2, i%2, float32(i%7-3))
			b.View.SetValue(i/4, i/2%2, i%2, float32(i%5-2))
		}
		require.NoError(t, run(q, work(device.Dispatch{Pipeline: p, Matmul: &device.Matmul{
			Shape: kernels.Shape{Batch: batch, M: n, N: n, K: n}, A: a, B: b, C: c,
			Runs: []device.Run{{Columns: n, Alpha: 2, Bias: -1}},
		}})))
		for i := range batch * n * n {
			x, y, z := i/4, i/2%2, i%2
			want := 2 * (a.View.Value(x, y, 0)*b.View.Value(x, 0, z) + a.View.Value(x, y, 1)*b.View.Value(x, 1, z))
			require.Equal(t, want, c.View.Value(x, y, z), "%v: %d", strides, i)
		}
	}
}
