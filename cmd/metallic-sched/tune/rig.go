package tune

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// rig is a device with one queue, used from one goroutine.
type rig struct {
	device  device.Device
	info    device.Info
	queue   device.Queue
	lines   map[kernels.Key]device.Pipeline
	numbers struct { // the same block of them over and over
		f32  []float32
		f16  []tensor.Float16
		bf16 []tensor.BFloat16
	}
}

func newRig(d device.Device) (*rig, error) {
	q, err := d.NewQueue()
	if err != nil {
		return nil, fmt.Errorf("tune: open command queue: %w", err)
	}
	r := &rig{device: d, info: d.Info(), queue: q, lines: map[kernels.Key]device.Pipeline{}}
	r.numbers.f32 = make([]float32, 65521) // a prime, so that rows differ
	dice := rand.New(rand.NewPCG(1, 2))
	for i := range r.numbers.f32 {
		r.numbers.f32[i] = dice.Float32() - 0.5
	}
	r.numbers.f16 = tensor.ConvertSlice[tensor.Float16](r.numbers.f32)
	r.numbers.bf16 = tensor.ConvertSlice[tensor.BFloat16](r.numbers.f32)
	return r, nil
}

// commit runs stages as one batch and returns the device's time of it.
func (r *rig) commit(stages ...device.Stage) (time.Duration, error) {
	type end struct {
		timing device.Timing
		err    error
	}
	ended := make(chan end, 1)
	r.queue.Commit(&device.Batch{Stages: stages, Done: func(_ *device.Batch, t device.Timing, err error) {
		ended <- end{t, err}
	}})
	e := <-ended
	return e.timing.Device, e.err
}

// compile compiles each key once.
func (r *rig) compile(key kernels.Key) (device.Pipeline, error) {
	if p, ok := r.lines[key]; ok {
		return p, nil
	}
	p, err := r.device.Compile(key)
	if err != nil {
		return nil, fmt.Errorf("tune: compile %v: %w", key, err)
	}
	r.lines[key] = p
	return p, nil
}

// matrices returns compact matrices full of numbers on the device.
func (r *rig) matrices(dt tensor.DType, dims tensor.Dims) (device.Region, error) {
	space := device.SpaceDevice
	if r.info.HostMemory {
		space = device.SpaceShared
	}
	buffer, err := r.device.Alloc(space, dims[0]*dims[1]*dims[2]*dt.Size())
	if err != nil {
		return device.Region{}, fmt.Errorf("tune: %w", err)
	}
	there := device.In(buffer, dt, dims, 0)
	copies := []device.Copy{{Dst: there, Src: device.Host(r.host(dt, dims))}}
	if _, err := r.commit(device.Stage{Copies: copies}); err != nil {
		buffer.Free()
		return device.Region{}, fmt.Errorf("tune: %w", err)
	}
	return there, nil
}

// host returns compact matrices of numbers.
func (r *rig) host(dt tensor.DType, dims tensor.Dims) tensor.View {
	switch dt {
	case tensor.F16:
		return repeat(r.numbers.f16, dims)
	case tensor.BF16:
		return repeat(r.numbers.bf16, dims)
	case tensor.F32:
	}
	return repeat(r.numbers.f32, dims)
}

func repeat[T tensor.Element](block []T, dims tensor.Dims) tensor.View {
	all := make([]T, dims[0]*dims[1]*dims[2])
	for n := 0; n < len(all); {
		n += copy(all[n:], block)
	}
	return tensor.Batch(all, dims[0], dims[1], dims[2])
}

// prepare lets the device keep a weight as its kernels like it best, as Load
// does, if it has a way of its own.
func prepare(a device.Region) {
	if p, ok := a.Buffer.(device.Preparer); ok {
		p.Prepare(a.View)
	}
}
