//go:build linux && (amd64 || arm64)

package cuda

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// placement puts operands into the GPU's memory, each at the very end of a
// block: what a kernel reads or writes past it is past what was allocated.
type placement struct {
	bench   *entryBench
	odd     bool // at places that are no multiples of 16 bytes
	buffers []device.Buffer
	up      []device.Copy
	there   map[*kerneltest.Operand]device.Copy // and back
}

func (p *placement) put(t *testing.T, o *kerneltest.Operand) device.Region {
	return p.putAll(t, []*kerneltest.Operand{o})[0]
}

// putAll puts operands of one type into one block.
func (p *placement) putAll(t *testing.T, all []*kerneltest.Operand) (regions []device.Region) {
	if len(all) == 0 {
		return nil
	}
	dt, elements := all[0].View.DType(), 0
	for _, o := range all {
		elements += extent(o)
	}
	size := elements * dt.Size()
	block := smallest << class(size)
	if block > largest {
		block = size + 16
	}
	at, sixteen := (block-size)/dt.Size(), 16/dt.Size()
	if p.odd && at == 0 {
		block *= 2
		at = (block - size) / dt.Size()
	}
	switch {
	case !p.odd:
		at -= at % sixteen
	case at%sixteen == 0:
		at--
	}
	buffer, err := p.bench.device.Alloc(device.SpaceDevice, block)
	require.NoError(t, err)
	p.buffers = append(p.buffers, buffer)
	for _, o := range all {
		v, n := o.View, extent(o)
		flat := tensor.Dims{1, 1, n}
		here := device.Host(tensor.Window(unsafe.Pointer(unsafe.SliceData(o.Memory)), len(o.Memory), dt, flat, tensor.Compact(flat), v.Offset()))
		there := device.In(buffer, dt, flat, at)
		p.up = append(p.up, device.Copy{Dst: there, Src: here})
		if p.there == nil {
			p.there = map[*kerneltest.Operand]device.Copy{}
		}
		p.there[o] = device.Copy{Dst: here, Src: there}
		regions = append(regions, device.Region{Buffer: buffer, View: tensor.Window(nil, block, dt, v.Dims(), v.Strides(), at)})
		at += n
	}
	return regions
}

// extent is the number of elements from a view's first to its last.
func extent(o *kerneltest.Operand) int {
	last := 0
	d, s := o.View.Dims(), o.View.Strides()
	for i := range d {
		last += max(d[i]-1, 0) * s[i]
	}
	return last + 1
}

// run runs a dispatch and fetches a result.
func (p *placement) run(t *testing.T, key kernels.Key, d device.Dispatch, result *kerneltest.Operand) {
	pipeline, err := p.bench.device.Compile(key)
	require.NoError(t, err)
	d.Pipeline = pipeline
	_, err = device.Await(p.bench.queue,
		device.Stage{Copies: p.up},
		device.Stage{Dispatches: []device.Dispatch{d}},
		device.Stage{Copies: []device.Copy{p.there[result]}})
	require.NoError(t, err, "%v", key)
	p.bench.launches++
	p.free()
}

func (p *placement) free() {
	for _, b := range p.buffers {
		b.Free()
	}
}
