package gpu

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/shaders"
)

var f32 = kernels.Key{Kernel: "matmul_mlx", A: tensor.F32, B: tensor.F32, C: tensor.F32}

// region returns a matrix in a buffer of its own, from the given element on.
func region(t *testing.T, dims tensor.Dims, offset int) device.Region {
	b, err := sim.Open(sim.Config{}).Alloc(device.SpaceShared, 4*(offset+max(1, dims[0]*dims[1]*dims[2])))
	require.NoError(t, err)
	return device.In(b, tensor.F32, dims, offset)
}

func product(t *testing.T) *device.Matmul {
	return &device.Matmul{
		Shape: kernels.Shape{Batch: 2, M: 3, N: 5, K: 4},
		A:     region(t, tensor.Dims{1, 3, 4}, 7),
		B:     region(t, tensor.Dims{2, 4, 5}, 0),
		C:     region(t, tensor.Dims{2, 3, 5}, 1),
		Runs:  []device.Run{{Columns: 2, Alpha: 2, Bias: -1}, {Columns: 3, Beta: 3, Bias: 0}},
	}
}

func TestProduct(t *testing.T) {
	m := product(t)
	bias := region(t, tensor.Dims{1, 1, 3}, 0)
	bias.View = bias.View.Strided(tensor.Dims{1, 3, 3}, tensor.Dims{0, 0, 1}, 0)
	m.Biases = []device.Region{bias}
	var p Product
	for range 2 { // the second uses the memory of the first
		require.NoError(t, p.Bind(f32, m))
		require.Equal(t, shaders.MatmulArguments{
			A: shaders.Matrix{Offset: 7, Batch: 0, Row: 4, Col: 1},
			B: shaders.Matrix{Offset: 0, Batch: 20, Row: 5, Col: 1},
			C: shaders.Matrix{Offset: 1, Batch: 15, Row: 5, Col: 1},
			M: 3, N: 5, K: 4, Batches: 2, Runs: 2,
		}, p.Arguments)
		require.Equal(t, []shaders.ColumnRun{{First: 0, Alpha: 2, Bias: -1}, {First: 2, Beta: 3, Bias: 0}}, p.Runs)
		require.Equal(t, []shaders.Matrix{{Row: 0, Col: 1}}, p.Biases)
		require.Equal(t, []device.Buffer{m.A.Buffer, m.B.Buffer, m.C.Buffer, bias.Buffer}, []device.Buffer{p.A, p.B, p.C, p.Bias})
		require.False(t, p.Empty())
	}
}

func TestOperandsThatAreNotRead(t *testing.T) {
	m := product(t)
	m.A, m.B = device.Region{}, device.Region{}
	m.Runs = []device.Run{{Columns: 5, Beta: 1, Bias: -1}}
	var p Product
	require.NoError(t, p.Bind(f32, m))
	require.Zero(t, p.Arguments.K)
	require.Equal(t, m.C.Buffer, p.A)
	require.Equal(t, m.C.Buffer, p.B)
}

func TestProductsThatKernelsCannotRead(t *testing.T) {
	for name, spoil := range map[string]func(m *device.Matmul){
		"host memory": func(m *device.Matmul) { m.B = device.Host(tensor.Batch(make([]float32, 40), 2, 4, 5)) },
		"wrong size":  func(m *device.Matmul) { m.Shape.K = 5 },
		"host bias": func(m *device.Matmul) {
			m.Biases = []device.Region{device.Host(tensor.Matrix(make([]float32, 9), 3, 3))}
		},
		"several biases": func(m *device.Matmul) {
			m.Biases = []device.Region{region(t, tensor.Dims{1, 3, 3}, 0), region(t, tensor.Dims{1, 3, 3}, 0)}
		},
	} {
		m := product(t)
		spoil(m)
		var p Product
		require.Error(t, p.Bind(f32, m), name)
	}
	require.ErrorContains(t, fits(1, 1<<31), "allowed")
}

func TestRows(t *testing.T) {
	x := region(t, tensor.Dims{2, 3, 4}, 0)
	s := &device.Softmax{X: x, Y: x, Rows: []device.RowRun{{Rows: 1, Cols: 4, Limit: 4}, {Rows: 5, Cols: 3, Limit: 1, Step: 1}}}
	var r Rows
	require.NoError(t, r.Bind(f32, s))
	require.Equal(t, []shaders.RowRun{{First: 0, Cols: 4, Limit: 4}, {First: 1, Cols: 3, Limit: 1, Step: 1}}, r.Runs)
	require.Equal(t, shaders.Matrix{Batch: 12, Row: 4, Col: 1}, r.Arguments.X)
	require.False(t, r.Empty())
	s.Y = device.Host(tensor.Batch(make([]float32, 24), 2, 3, 4))
	require.ErrorIs(t, r.Bind(f32, s), errNoBuffer)
}

func TestCopying(t *testing.T) {
	from, to := region(t, tensor.Dims{1, 2, 3}, 1), region(t, tensor.Dims{1, 3, 2}, 2)
	to.View = to.View.T()
	var c Copying
	require.NoError(t, c.Bind(&device.Copy{Dst: to, Src: from}))
	require.Equal(t, shaders.Matrix{Offset: 2, Batch: 6, Row: 1, Col: 2}, c.Arguments.Dst)
	require.Equal(t, shaders.Matrix{Offset: 1, Batch: 6, Row: 3, Col: 1}, c.Arguments.Src)
	to.View = to.View.T()
	require.Error(t, c.Bind(&device.Copy{Dst: to, Src: from}), "other dimensions")
}

// The sizes that arguments.h gives on every 64-bit platform.
func TestLayoutOfArguments(t *testing.T) {
	require.EqualValues(t, 32, unsafe.Sizeof(shaders.Matrix{}))
	require.EqualValues(t, 120, unsafe.Sizeof(shaders.MatmulArguments{}))
	require.EqualValues(t, 16, unsafe.Sizeof(shaders.ColumnRun{}))
	require.EqualValues(t, 80, unsafe.Sizeof(shaders.SoftmaxArguments{}))
	require.EqualValues(t, 24, unsafe.Sizeof(shaders.RowRun{}))
	require.EqualValues(t, 80, unsafe.Sizeof(shaders.CopyArguments{}))
}
