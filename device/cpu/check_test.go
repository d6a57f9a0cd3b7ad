package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

var f32 = kernels.Key{Kernel: "matmul_mlx", A: tensor.F32, B: tensor.F32, C: tensor.F32}

// product2 returns a good 2x2 product.
func product2() *device.Matmul {
	square := func() device.Region { return device.Host(tensor.Matrix(make([]float32, 4), 2, 2)) }
	return &device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: 2, N: 2, K: 2},
		A:     square(), B: square(), C: square(),
		Runs: []device.Run{{Columns: 2, Alpha: 1, Bias: -1}},
	}
}

func TestCheckMatmul(t *testing.T) {
	require.NoError(t, checkMatmul(f32, product2()))
	for name, spoil := range map[string]func(m *device.Matmul){
		"negative size":     func(m *device.Matmul) { m.Shape.K = -1 },
		"size of A":         func(m *device.Matmul) { m.Shape.K = 3 },
		"matrices of C":     func(m *device.Matmul) { m.Shape.Batch = 2 },
		"type of B":         func(m *device.Matmul) { m.B = device.Host(tensor.Matrix(make([]tensor.Float16, 4), 2, 2)) },
		"broken view":       func(m *device.Matmul) { m.A.View = m.A.View.Slice(0, 9, 0, 9) },
		"no memory":         func(m *device.Matmul) { m.C.View = m.C.View.Rebase(nil) },
		"columns of runs":   func(m *device.Matmul) { m.Runs[0].Columns = 1 },
		"index of the bias": func(m *device.Matmul) { m.Runs[0].Bias = 0 },
		"size of the bias": func(m *device.Matmul) {
			m.Runs[0].Bias = 0
			m.Biases = []device.Region{device.Host(tensor.Matrix(make([]float32, 6), 2, 3))}
		},
	} {
		m := product2()
		spoil(m)
		require.Error(t, checkMatmul(f32, m), name)
	}
}

func TestAlphaZeroNeedsNoOperands(t *testing.T) {
	m := product2()
	m.A, m.B, m.Runs[0].Alpha = device.Region{}, device.Region{}, 0
	require.NoError(t, checkMatmul(f32, m))
}

func TestCheckSoftmax(t *testing.T) {
	key := kernels.Key{Kernel: "softmax_vec", A: tensor.F32, B: tensor.F32, C: tensor.F32}
	good := func() *device.Softmax {
		x := device.Host(tensor.Matrix(make([]float32, 6), 2, 3))
		return &device.Softmax{X: x, Y: x, Rows: []device.RowRun{{Rows: 2, Cols: 3, Limit: 3}}}
	}
	require.NoError(t, checkSoftmax(key, good()))
	for name, spoil := range map[string]func(s *device.Softmax){
		"dims":       func(s *device.Softmax) { s.Y.View = s.Y.View.Slice(0, 1, 0, 3) },
		"type":       func(s *device.Softmax) { s.Y = device.Host(tensor.Matrix(make([]tensor.BFloat16, 6), 2, 3)) },
		"no memory":  func(s *device.Softmax) { s.X.View = s.X.View.Rebase(nil) },
		"rows":       func(s *device.Softmax) { s.Rows[0].Rows = 3 },
		"columns":    func(s *device.Softmax) { s.Rows[0].Cols = 4 },
		"no columns": func(s *device.Softmax) { s.Rows[0].Cols = -1 },
	} {
		s := good()
		spoil(s)
		require.Error(t, checkSoftmax(key, s), name)
	}
}
