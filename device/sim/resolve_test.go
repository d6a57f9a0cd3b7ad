package sim

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// copier is an inner device that carries out copies and nothing else.
type copier struct{ *Device }

func (c copier) NewQueue() (device.Queue, error) { return copierQueue{}, nil }

type copierQueue struct{}

func (copierQueue) Commit(b *device.Batch) {
	for _, s := range b.Stages {
		for _, c := range s.Copies {
			tensor.Copy(c.Dst.View, c.Src.View)
		}
	}
	b.Done(b, device.Timing{}, nil)
}

func (copierQueue) Close() error { return nil }

func TestInnerComputesInHiddenMemory(t *testing.T) {
	faults := map[uint64]Fault{2: ErrorAfter(errors.New("late")), 3: Error(errors.New("early"))}
	for id, copied := range map[uint64]bool{1: true, 2: true, 3: false} {
		_, q := open(t, Config{Inner: copier{Open(Config{})}, Discrete: true, Fault: func(b *device.Batch) Fault { return faults[b.ID] }})
		d := q.(*queue).device
		hidden, err := d.Alloc(device.SpaceDevice, 16)
		require.NoError(t, err)
		src, dst := []float32{1, 2}, []float32{0, 0}
		dims := tensor.Dims{1, 2, 1}
		window := device.In(hidden, tensor.F32, dims, 2)

		l := newLog()
		b := l.batch(id, 1)
		b.Stages = []device.Stage{
			{Copies: []device.Copy{{Dst: window, Src: device.Host(tensor.Vector(src))}}},
			{Copies: []device.Copy{{Dst: device.Host(tensor.Vector(dst)), Src: window}}},
		}
		q.Commit(b)
		e := <-l.ended
		require.Equal(t, faults[id].err, e.err)
		require.Equal(t, copied, dst[1] == 2, "batch %d: %v", id, dst)
		require.NoError(t, q.Close())
		require.NoError(t, d.Close())
	}
}

func TestDiscreteKernelsRefuseHostMemory(t *testing.T) {
	_, q := open(t, Config{Discrete: true})
	d := q.(*queue).device
	p, err := d.Compile(kernels.Key{Kernel: "softmax_vec"})
	require.NoError(t, err)
	shared, err := d.Alloc(device.SpaceShared, 8)
	require.NoError(t, err)
	good := device.In(shared, tensor.F32, tensor.Dims{1, 1, 2}, 0)
	staging, err := d.Alloc(device.SpaceHost, 8)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		x  device.Region
		ok bool
	}{
		"shared":      {good, true},
		"host buffer": {device.In(staging, tensor.F32, tensor.Dims{1, 1, 2}, 0), false},
		"caller's":    {device.Host(tensor.Matrix(make([]float32, 2), 1, 2)), false},
	} {
		l := newLog()
		b := l.batch(1, 1)
		b.Stages[0].Dispatches[0] = device.Dispatch{Pipeline: p, Softmax: &device.Softmax{X: c.x, Y: good}}
		q.Commit(b)
		var failed *device.KernelError
		require.Equal(t, !c.ok, errors.As((<-l.ended).err, &failed), name)
	}
}

func TestResolveLeavesTheBatchAlone(t *testing.T) {
	d := Open(Config{Discrete: true})
	hidden, err := d.Alloc(device.SpaceDevice, 64)
	require.NoError(t, err)
	r := device.In(hidden, tensor.F32, tensor.Dims{1, 2, 2}, 4)
	b := &device.Batch{Stages: []device.Stage{{
		Copies: []device.Copy{{Dst: r, Src: r}},
		Dispatches: []device.Dispatch{
			{Matmul: &device.Matmul{A: r, B: r, C: r, Biases: []device.Region{r}}},
			{Softmax: &device.Softmax{X: r, Y: r}},
		},
	}}}
	resolved := d.resolve(b)
	want := unsafe.Add(unsafe.Pointer(unsafe.SliceData(hidden.(*buffer).memory)), 16)
	s := resolved.Stages[0]
	m, y := s.Dispatches[0].Matmul, s.Dispatches[1].Softmax
	for _, got := range []device.Region{s.Copies[0].Dst, s.Copies[0].Src, m.A, m.B, m.C, m.Biases[0], y.X, y.Y} {
		require.Nil(t, got.Buffer)
		require.Equal(t, want, got.View.Pointer())
	}
	require.Equal(t, r, b.Stages[0].Copies[0].Dst)
	require.Equal(t, r, b.Stages[0].Dispatches[0].Matmul.Biases[0])
}
