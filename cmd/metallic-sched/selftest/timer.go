package selftest

import (
	"math/rand/v2"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// unknownProduct has operands whose product nobody computes beforehand.
func unknownProduct(s size, n int, dt tensor.DType) *product {
	p := &product{
		size: s, n: n,
		a: kerneltest.NewOperand(dt, tensor.Dims{1, s.m, s.k}, s.a, false),
		b: kerneltest.NewOperand(dt, tensor.Dims{1, s.k, n}, s.b, false),
	}
	dice := rand.New(rand.NewPCG(uint64(s.m), uint64(s.k)))
	even := func(int, int, int) float32 { return dice.Float32() - 0.5 }
	p.a.Fill(even)
	p.b.Fill(even)
	return p
}

// timer returns a function that runs a row of the catalog on the first n
// columns and returns the device's time.
func (on *bound) timer(row *kernels.Row, dt tensor.DType, n int) func() (time.Duration, error) {
	job := on.job(dt, n)
	return func() (time.Duration, error) {
		line, err := on.rig.compile(job.Key(row, on.rig.info.Caps))
		if err != nil {
			return 0, err
		}
		c, err := on.scratch(dt)
		if err != nil {
			return 0, err
		}
		v := job.C.View
		d := &device.Matmul{
			Shape: kernels.Shape{Batch: 1, M: on.m, N: n, K: on.k},
			A:     on.weight, B: on.b.columns(n),
			C:    device.Region{Buffer: c, View: tensor.Window(c.Pointer(), c.Len(), dt, v.Dims(), v.Strides(), 0)},
			Runs: []device.Run{{Columns: n, Alpha: 1, Bias: -1}},
		}
		t, err := on.rig.commit(device.Stage{Dispatches: []device.Dispatch{{Pipeline: line, Matmul: d}}})
		return t.Device, err
	}
}

// scratch returns memory for the greatest C, the same one each time.
func (on *bound) scratch(dt tensor.DType) (c device.Buffer, err error) {
	if on.c == nil {
		if c, err = on.rig.device.Alloc(device.SpaceDevice, on.m*on.n*dt.Size()); err != nil {
			return nil, err
		}
		on.c = c
	}
	return on.c, nil
}
