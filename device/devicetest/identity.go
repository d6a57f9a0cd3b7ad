package devicetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// identity is a product that multiplies its input by 2: C = 2*I*B.
type identity struct {
	dispatch device.Dispatch
	in, out  device.Region // columns of float32
}

const identitySize = 8

// newIdentity makes one with a kernel of the fallback family, which every
// device has.
func newIdentity(t testing.TB, b *bench) *identity {
	matrix := make([]float32, identitySize*identitySize)
	for i := range identitySize {
		matrix[i*identitySize+i] = 1
	}
	square := tensor.Dims{1, identitySize, identitySize}
	column := tensor.Dims{1, identitySize, 1}
	x := &identity{
		in:  device.In(b.alloc(t, device.SpaceShared, 4*identitySize), tensor.F32, column, 0),
		out: device.In(b.alloc(t, device.SpaceShared, 4*identitySize), tensor.F32, column, 0),
	}
	a := device.In(b.alloc(t, device.SpaceShared, 4*len(matrix)), tensor.F32, square, 0)
	require.NoError(t, b.run(copyStage(a, device.Host(tensor.Matrix(matrix, identitySize, identitySize)))))
	x.dispatch = device.Dispatch{
		Pipeline: b.compile(t, kernels.Key{Kernel: "matmul_mlx", A: tensor.F32, B: tensor.F32, C: tensor.F32}),
		Matmul: &device.Matmul{
			Shape: kernels.Shape{Batch: 1, M: identitySize, N: 1, K: identitySize},
			A:     a, B: x.in, C: x.out,
			Runs: []device.Run{{Columns: 1, Alpha: 2, Bias: -1}},
		},
	}
	return x
}
