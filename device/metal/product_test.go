//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// The transpose of a product is the product of the transposes, the other way
// round.
func TestMirroredProduct(t *testing.T) {
	b := newPlainBuffer(device.SpaceShared)
	m := device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: 2, N: 3, K: 4},
		A:     window(b, 0, 2, 4, 4), B: window(b, 8, 4, 3, 3), C: window(b, 20, 2, 3, 3),
		Runs: []device.Run{{Columns: 3, Alpha: 2, Beta: 3, Bias: -1}},
	}
	p, ok := planProduct(&m)
	require.True(t, ok)
	require.Equal(t, mtl.Product{Rows: 2, Columns: 3, Interior: 4, Alpha: 2, Beta: 3}, p.product)
	require.Equal(t, []int{0, 8, 20}, []int{p.operands[0].Offset, p.operands[1].Offset, p.operands[2].Offset})

	m.C = window(b, 20, 3, 2, 2)
	m.C.View.Transpose()
	p, ok = planProduct(&m)
	require.True(t, ok)
	require.Equal(t, mtl.Product{TransposeLeft: true, TransposeRight: true, Rows: 3, Columns: 2, Interior: 4, Alpha: 2, Beta: 3}, p.product)
	require.Equal(t, []int{8, 0, 20}, []int{p.operands[0].Offset, p.operands[1].Offset, p.operands[2].Offset})

	m.C.View = m.C.View.Strided(tensor.Dims{1, 2, 3}, tensor.Dims{0, 7, 2}, 20)
	_, ok = planProduct(&m)
	require.False(t, ok)
}

// The vendor library rounds factors to the type of C: what is no such number is
// not for it.
func TestFactorsOfHalves(t *testing.T) {
	b := newPlainBuffer(device.SpaceShared)
	for _, c := range []struct {
		elements    tensor.DType
		alpha, beta float32
		want        bool
	}{
		{tensor.F32, 0.1, 1e9, true},
		{tensor.F16, 0.125, -2048, true},
		{tensor.F16, 0.1, 0, false},
		{tensor.F16, 1, 1e9, false},
		{tensor.F16, 1e-9, 0, false},
	} {
		square := device.Region{Buffer: b, View: tensor.Window(b.Pointer(), b.Len(), c.elements, tensor.Dims{1, 2, 2}, tensor.Dims{4, 2, 1}, 0)}
		_, ok := planProduct(&device.Matmul{
			Shape: kernels.Shape{Batch: 1, M: 2, N: 2, K: 2},
			A:     square, B: square, C: square,
			Runs: []device.Run{{Columns: 2, Alpha: c.alpha, Beta: c.beta, Bias: -1}},
		})
		require.Equal(t, c.want, ok, "%+v", c)
	}
}

// A batch is one operation if each operand has as many matrices, a whole number
// of rows apart.
func TestBatchedProduct(t *testing.T) {
	b := newPlainBuffer(device.SpaceShared)
	at := func(dims, strides tensor.Dims) device.Region {
		return device.Region{Buffer: b, View: tensor.Window(b.Pointer(), b.Len(), tensor.F32, dims, strides, 0)}
	}
	square, even := tensor.Dims{3, 2, 2}, tensor.Dims{8, 4, 1}
	for _, c := range []struct {
		name string
		a    device.Region
		want int
	}{
		{"rows", at(square, even), 3},
		{"columns", at(square, tensor.Dims{8, 1, 4}), 3},
		{"one for all", at(tensor.Dims{1, 2, 2}, even), 1},
		{"half a row apart", at(square, tensor.Dims{10, 4, 1}), 1},
		{"side by side", at(square, tensor.Dims{2, 8, 1}), 1},
		{"the same again", at(square, tensor.Dims{0, 4, 1}), 1},
	} {
		p, ok := planProduct(&device.Matmul{
			Shape: kernels.Shape{Batch: 3, M: 2, N: 2, K: 2},
			A:     c.a, B: at(square, even), C: at(square, even),
			Runs: []device.Run{{Columns: 2, Alpha: 1, Bias: -1}},
		})
		require.True(t, ok, c.name)
		require.Equal(t, c.want, p.matrices, c.name)
	}
}
