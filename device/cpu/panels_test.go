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

// window is a part of a prepared matrix; prepared says that its panels serve.
type window struct {
	b, r0, r1, c0, c1 int
	prepared          bool
}

// across turns a window of the matrix into one of its transpose.
func (w window) across() window { return window{w.b, w.c0, w.c1, w.r0, w.r1, w.r0%2 == 0} }

// TestPreparedGivesTheSameBits multiplies parts of a prepared weight, and the
// same parts of a copy that is not prepared.
func TestPreparedGivesTheSameBits(t *testing.T) {
	if !cpu.HasPanels() {
		t.Skip("NOT TESTED: kernels over panels; run it on amd64 with AVX2, without -tags noasm")
	}
	dims := tensor.Dims{2, 203, 310}
	windows := []window{
		{0, 0, 203, 0, 310, true},
		{1, 0, 203, 0, 310, true},
		{0, 5, 100, 0, 310, true},
		{1, 48, 97, 10, 300, true},
		{0, 202, 203, 308, 310, true},
		{0, 0, 203, 1, 310, false},
		{1, 3, 50, 7, 21, false},
	}
	for _, dt := range tensor.DTypes {
		d := open(t, 2)
		q := newQueueOf(t, d)
		weight, plain := filled(t, d, dt, dims), filled(t, d, dt, dims)
		tensor.Copy(plain.View, weight.View)
		weight.Buffer.(device.Preparer).Prepare(weight.View)
		for _, w := range windows {
			part := func(r device.Region) device.Region {
				r.View = r.View.Sub(w.b, w.b+1).Slice(w.r0, w.r1, w.c0, w.c1)
				return r
			}
			a, b := part(weight), part(plain)
			require.Equal(t, w.prepared, panelsOf(&a, w.r1-w.r0).Ptr != nil, "%v %+v", dt, w)
			for _, n := range []int{1, 3, 8, 21} {
				x := filled(t, d, tensor.F32, tensor.Dims{1, w.c1 - w.c0, n})
				require.Equal(t, multiplied(t, d, q, b, x), multiplied(t, d, q, a, x), "%v %+v N=%d", dt, w, n)
			}
			a.View, b.View = a.View.T(), b.View.T()
			require.Equal(t, w.across().prepared, panelsOf(&a, w.c1-w.c0).Ptr != nil, "%v transposed %+v", dt, w)
			x := filled(t, d, tensor.F32, tensor.Dims{1, w.r1 - w.r0, 5})
			require.Equal(t, multiplied(t, d, q, b, x), multiplied(t, d, q, a, x), "%v transposed %+v", dt, w)
		}
		batch := filled(t, d, tensor.F32, tensor.Dims{2, dims[2], 5})
		require.Equal(t, multiplied(t, d, q, plain, batch), multiplied(t, d, q, weight, batch), "%v, both matrices", dt)
	}
}

// filled returns random numbers in memory of the device.
func filled(t testing.TB, d *Device, dt tensor.DType, dims tensor.Dims) device.Region {
	buffer, err := d.Alloc(device.SpaceShared, dims[0]*dims[1]*dims[2]*dt.Size())
	require.NoError(t, err)
	t.Cleanup(buffer.Free)
	r := device.In(buffer, dt, dims, 0)
	for b := range dims[0] {
		for i := range dims[1] {
			for j := range dims[2] {
				r.View.SetValue(b, i, j, rand.Float32()-0.5)
			}
		}
	}
	return r
}

// multiplied returns the bits of A*B.
func multiplied(t testing.TB, d *Device, q device.Queue, a, b device.Region) (bits []uint32) {
	s := kernels.Shape{Batch: max(a.View.Matrices(), b.View.Matrices()), M: a.View.Rows(), N: b.View.Cols(), K: a.View.Cols()}
	c := make([]float32, s.Batch*s.M*s.N)
	p, err := d.Compile(kernels.Key{Kernel: "matmul_smalln_n16", A: a.View.DType(), B: tensor.F32, C: tensor.F32})
	require.NoError(t, err)
	stage := device.Stage{Dispatches: []device.Dispatch{{Pipeline: p, Matmul: &device.Matmul{
		Shape: s, A: a, B: b, C: device.Host(tensor.Batch(c, s.Batch, s.M, s.N)),
		Runs: []device.Run{{Columns: s.N, Alpha: 1, Bias: -1}},
	}}}}
	require.NoError(t, newCommitter(t, q, stage).run())
	for _, x := range c {
		bits = append(bits, math.Float32bits(x))
	}
	return bits
}

// TestPanelsAreFreed with the buffer they belong to.
func TestPanelsAreFreed(t *testing.T) {
	if !cpu.HasPanels() {
		t.Skip("NOT TESTED: kernels over panels; run it on amd64 with AVX2, without -tags noasm")
	}
	d := open(t, 1)
	defer d.Close()
	buffer, err := d.Alloc(device.SpaceShared, 4*500*500)
	require.NoError(t, err)
	r := device.In(buffer, tensor.F32, tensor.Dims{1, 500, 500}, 0)
	buffer.(device.Preparer).Prepare(r.View)
	require.Greater(t, d.memory.used.Load(), int64(2*4*500*500), "panels take memory")
	r.View = r.View.T()
	panelsOf(&r, 500)
	require.Greater(t, d.memory.used.Load(), int64(3*4*500*500), "those of the transpose, too")
	buffer.Free()
	require.Zero(t, d.memory.used.Load())
}

// TestPanelsAreAHint: without the memory for them the original serves.
func TestPanelsAreAHint(t *testing.T) {
	d := open(t, 1)
	q := newQueueOf(t, d)
	w := filled(t, d, tensor.F32, tensor.Dims{1, 300, 300})
	d.memory.limit = d.memory.used.Load()
	w.Buffer.(device.Preparer).Prepare(w.View)
	require.Zero(t, panelsOf(&w, 300).Ptr)
	d.memory.limit = 0
	multiplied(t, d, q, w, filled(t, d, tensor.F32, tensor.Dims{1, 300, 2}))
}
