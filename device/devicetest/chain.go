package devicetest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// testChain computes attentions by three kernels that hand on scores in device
// memory, as the scheduler has them computed: with the kernels for products
// that it may choose, in types that no job of its own has.
func testChain(t *testing.T, b *bench) {
	for _, x := range []struct {
		kernel   string
		mirrored bool
		in, out  tensor.DType
		turned   bool // V lies along the keys
	}{
		{"matmul_gemv", false, tensor.BF16, tensor.F32, false},
		{"matmul_gemv", true, tensor.F16, tensor.F16, false},
		{"matmul_gemv", false, tensor.F16, tensor.F16, true},
		{"matmul_gemv", false, tensor.BF16, tensor.F32, true},
		{"matmul_smalln_n4", true, tensor.F32, tensor.F32, false},
		{"matmul_smalln_n4", true, tensor.F16, tensor.F16, false},
		{"matmul_smalln_n4", true, tensor.BF16, tensor.BF16, false},
		{"matmul_simd", false, tensor.F32, tensor.F32, false},
		{"matmul_simd", false, tensor.F16, tensor.F16, false},
		{"matmul_mlx", false, tensor.F16, tensor.F32, false},
		{"matmul_mlx", false, tensor.BF16, tensor.BF16, false},
	} {
		row := b.suite.Catalog.Find(x.kernel)
		if row == nil || row.NeedsSIMDMatrix && !b.device.Info().Caps.SIMDMatrix {
			t.Logf("NOT OFFERED: %s: not in the catalog, or not for this device", x.kernel)
			continue
		}
		newChain(t, b, x.in, x.out, x.turned).run(x.kernel, x.mirrored)
	}
}

// The sizes of a chain. Rows of scores are chainPitch apart.
const (
	chainHeads, chainRows, chainKeys, chainDim = 2, 4, 24, 9

	chainPitch = 32
	chainScale = 0.5
	guard      = float32(77)
)

// chain is an attention with a causal mask by which the first row attends to a
// single key.
type chain struct {
	t            *testing.T
	b            *bench
	q, k, v      tensor.View // the host's
	dq, dk, dv   device.Region
	scores, o    device.Region
	host, guards tensor.View
}

func newChain(t *testing.T, b *bench, in, out tensor.DType, turned bool) *chain {
	r := rand.New(rand.NewPCG(uint64(in), uint64(out)))
	c := &chain{t: t, b: b}
	for _, x := range []struct {
		host   *tensor.View
		dev    *device.Region
		rows   int
		turned bool
	}{{&c.q, &c.dq, chainRows, false}, {&c.k, &c.dk, chainKeys, false}, {&c.v, &c.dv, chainKeys, turned}} {
		d := tensor.Dims{chainHeads, x.rows, chainDim}
		if x.turned {
			d[1], d[2] = d[2], d[1]
		}
		*x.host = hostOf(in, d)
		fill(*x.host, func() float32 { return float32(r.NormFloat64()) })
		*x.dev = device.In(b.alloc(t, device.SpaceDevice, x.host.Len()*in.Size()), in, d, 0)
		if x.turned {
			x.host.Transpose()
			x.dev.View.Transpose()
		}
	}
	memory := tensor.Dims{1, chainHeads * chainRows, chainPitch}
	c.scores = device.In(b.alloc(t, device.SpaceDevice, 4*memory[1]*memory[2]), tensor.F32, memory, 0)
	c.guards = hostOf(tensor.F32, memory)
	d := tensor.Dims{chainHeads, chainRows, chainDim}
	c.o = device.In(b.alloc(t, device.SpaceShared, d[0]*d[1]*d[2]*out.Size()), out, d, 0)
	c.host = hostOf(out, d)
	return c
}

// hostOf returns compact memory of the host.
func hostOf(dt tensor.DType, d tensor.Dims) tensor.View {
	n := d[0] * d[1] * d[2]
	switch dt {
	case tensor.F16:
		return tensor.Batch(make([]tensor.Float16, n), d[0], d[1], d[2])
	case tensor.BF16:
		return tensor.Batch(make([]tensor.BFloat16, n), d[0], d[1], d[2])
	case tensor.F32:
	}
	return tensor.Batch(make([]float32, n), d[0], d[1], d[2])
}

func fill(v tensor.View, next func() float32) {
	d := v.Dims()
	for i := range v.Len() {
		v.SetValue(i/(d[1]*d[2]), i/d[2]%d[1], i%d[2], next())
	}
}

// run computes the chain in one batch, with products as written or mirrored.
func (c *chain) run(kernel string, mirrored bool) {
	fill(c.guards, func() float32 { return guard })
	s := c.scores
	s.View = s.View.Strided(tensor.Dims{chainHeads, chainRows, chainKeys}, tensor.Dims{chainRows * chainPitch, chainPitch, 1}, 0)
	k := c.dk
	k.View.Transpose()
	var rows []device.RowRun
	for range chainHeads {
		rows = append(rows, device.RowRun{Rows: chainRows, Cols: chainKeys, Limit: 1, Step: 6})
	}
	stack := s
	stack.View = s.View.Strided(tensor.Dims{1, chainHeads * chainRows, chainKeys}, tensor.Dims{0, chainPitch, 1}, 0)
	weights := device.Dispatch{
		Softmax:  &device.Softmax{X: stack, Y: stack, Rows: rows},
		Pipeline: c.b.compile(c.t, kernels.Key{Kernel: "softmax_vec", A: tensor.F32, B: tensor.F32, C: tensor.F32, Width: 32, Causal: true, Threadgroup: 32}),
	}
	require.NoError(c.t, c.b.run(
		device.Stage{Copies: []device.Copy{
			{Dst: c.dq, Src: device.Host(c.q)},
			{Dst: c.dk, Src: device.Host(c.k)},
			{Dst: c.dv, Src: device.Host(c.v)},
			{Dst: c.scores, Src: device.Host(c.guards)},
		}},
		stageOf(c.product(kernel, mirrored, c.dq, k, s, chainScale)),
		stageOf(weights),
		stageOf(c.product(kernel, mirrored, s, c.dv, c.o, 1)),
		device.Stage{Copies: []device.Copy{
			{Dst: device.Host(c.host), Src: c.o}, {Dst: device.Host(c.guards), Src: c.scores},
		}},
	))
	c.check(kernel, mirrored)
}

func stageOf(d device.Dispatch) device.Stage { return device.Stage{Dispatches: []device.Dispatch{d}} }

func (c *chain) product(kernel string, mirrored bool, left, right, result device.Region, alpha float32) device.Dispatch {
	if mirrored {
		left, right = right, left
		left.View.Transpose()
		right.View.Transpose()
		result.View.Transpose()
	}
	key := kernels.Key{
		Kernel: kernel, A: left.View.DType(), B: right.View.DType(), C: result.View.DType(),
		TransA: left.View.Strides()[2] != 1, TransB: right.View.Strides()[2] != 1,
	}
	if row := c.b.suite.Catalog.Find(kernel); row.Family == kernels.FamilySmallN {
		key.Bucket, key.SIMDReduction = row.Bucket, c.b.device.Info().Caps.SIMDReduction
	}
	d := result.View.Dims()
	return device.Dispatch{Pipeline: c.b.compile(c.t, key), Matmul: &device.Matmul{
		Shape: kernels.Shape{Batch: d[0], M: d[1], N: d[2], K: left.View.Cols()},
		A:     left, B: right, C: result,
		Runs: []device.Run{{Columns: d[2], Alpha: alpha, Bias: -1}},
	}}
}

// check compares the result with float64, and looks for what was written beside
// the scores.
func (c *chain) check(kernel string, mirrored bool) {
	rounding := map[tensor.DType]float64{tensor.F32: 1e-6, tensor.F16: 1e-3, tensor.BF16: 8e-3}[c.host.DType()]
	for h := range chainHeads {
		for i := range chainRows {
			weights := c.weights(h, i)
			for j := range chainDim {
				want, size := 0.0, 0.0
				for key, w := range weights {
					want += w * float64(c.v.Value(h, key, j))
					size += w * math.Abs(float64(c.v.Value(h, key, j)))
				}
				require.InDelta(c.t, want, float64(c.host.Value(h, i, j)), 1e-5*size+rounding*math.Abs(want)+1e-7,
					"%s, mirrored %t, %v to %v, head %d, row %d, column %d", kernel, mirrored, c.q.DType(), c.host.DType(), h, i, j)
			}
			for beside := chainKeys; beside < chainPitch; beside++ {
				require.Equal(c.t, guard, c.guards.Value(0, h*chainRows+i, beside), "%s wrote beside the scores", kernel)
			}
		}
	}
}

// weights returns the softmax of one row of scores.
func (c *chain) weights(h, i int) []float64 {
	w := make([]float64, 1+6*i)
	sum := 0.0
	for key := range w {
		for d := range chainDim {
			w[key] += chainScale * float64(c.q.Value(h, i, d)) * float64(c.k.Value(h, key, d))
		}
		w[key] = math.Exp(w[key])
		sum += w[key]
	}
	for key := range w {
		w[key] /= sum
	}
	return w
}
