//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
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
