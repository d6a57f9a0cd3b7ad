package devicetest

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// testKernels runs the kernels' own suite through the seam. The cases take
// turns in device memory, shared memory and, where the device can, the
// caller's own.
func testKernels(t *testing.T, b *bench) {
	places := []device.Space{device.SpaceDevice, device.SpaceShared}
	if b.device.Info().HostMemory {
		places = append(places, inPlace)
	} else {
		t.Log("NOT OFFERED: operands in the caller's memory: the device does not read it")
	}
	turn := 0
	next := func(t testing.TB) *placement {
		turn++
		return b.newPlacement(t, places[turn%len(places)])
	}
	kerneltest.Exercise(t, kerneltest.Implementation{
		Catalog:           b.suite.Catalog,
		Caps:              b.device.Info().Caps,
		FlushesSubnormals: b.suite.FlushesSubnormals,
		Matmul: func(t testing.TB, key kernels.Key, m *kerneltest.Matmul) {
			p := next(t)
			defer p.free()
			bound := &device.Matmul{Shape: m.Shape, A: p.region(m.A), B: p.region(m.B), C: p.region(m.C)}
			for _, r := range m.Runs {
				bound.Runs = append(bound.Runs, device.Run(r))
			}
			bound.Biases = p.together(m.Biases)
			p.run(device.Dispatch{Pipeline: b.compile(t, key), Matmul: bound})
		},
		Softmax: func(t testing.TB, key kernels.Key, s *kerneltest.Softmax) {
			p := next(t)
			defer p.free()
			bound := &device.Softmax{X: p.region(s.X), Y: p.region(s.Y)}
			for _, r := range s.Rows {
				bound.Rows = append(bound.Rows, device.RowRun(r))
			}
			p.run(device.Dispatch{Pipeline: b.compile(t, key), Softmax: bound})
		},
	})
}

// inPlace stands for the caller's own memory.
const inPlace = device.Space(0)

// placement is where the operands of one case lie on the device.
type placement struct {
	t        testing.TB
	b        *bench
	space    device.Space
	regions  map[*kerneltest.Operand]device.Region
	buffers  []device.Buffer
	up, down []device.Copy
}

func (b *bench) newPlacement(t testing.TB, space device.Space) *placement {
	return &placement{t: t, b: b, space: space, regions: map[*kerneltest.Operand]device.Region{}}
}

// region places an operand, all of its memory, and returns its view there.
func (p *placement) region(o *kerneltest.Operand) device.Region {
	if p.space == inPlace {
		return device.Host(o.View)
	}
	if r, ok := p.regions[o]; ok {
		return r
	}
	r := p.together([]*kerneltest.Operand{o})[0]
	p.regions[o] = r
	return r
}

// together places operands of one type side by side in one buffer.
func (p *placement) together(os []*kerneltest.Operand) (regions []device.Region) {
	if p.space == inPlace || len(os) == 0 {
		for _, o := range os {
			regions = append(regions, device.Host(o.View))
		}
		return regions
	}
	bytes := 0
	for _, o := range os {
		bytes += len(o.Memory)
	}
	buffer, err := p.b.device.Alloc(p.space, bytes)
	require.NoError(p.t, err)
	p.buffers = append(p.buffers, buffer)
	at := 0
	for _, o := range os {
		v := o.View
		dims := tensor.Dims{1, 1, len(o.Memory) / v.DType().Size()}
		there := device.In(buffer, v.DType(), dims, at)
		here := device.Host(tensor.Window(unsafe.Pointer(unsafe.SliceData(o.Memory)), len(o.Memory), v.DType(), dims, tensor.Compact(dims), 0))
		p.up = append(p.up, device.Copy{Dst: there, Src: here})
		p.down = append(p.down, device.Copy{Dst: here, Src: there})
		regions = append(regions, device.Region{Buffer: buffer, View: tensor.Window(buffer.Pointer(), buffer.Len(), v.DType(), v.Dims(), v.Strides(), at+v.Offset())})
		at += dims[2]
	}
	return regions
}

// run copies the operands up, runs the dispatch and copies them back.
func (p *placement) run(d device.Dispatch) {
	require.NoError(p.t, p.b.run(
		device.Stage{Copies: p.up},
		device.Stage{Dispatches: []device.Dispatch{d}},
		device.Stage{Copies: p.down},
	))
}

func (p *placement) free() {
	for _, b := range p.buffers {
		b.Free()
	}
}
