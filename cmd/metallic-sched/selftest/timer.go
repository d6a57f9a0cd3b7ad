package selftest

import (
	"fmt"
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

// softmaxes times every softmax kernel.
func (b *timing) softmaxes() error {
	widths := []int{64, 1024, 4096, 32768}
	if b.Quick {
		widths = []int{64, 4096}
	}
	for _, dt := range benchmarkTypes(b.Quick) {
		for _, w := range widths {
			s := softmaxSize{rows: max(8, 1<<18/w), cols: w}
			if b.Quick {
				s.rows = max(1, s.rows/8)
			}
			if err := b.softmax(s, dt); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *timing) softmax(s softmaxSize, dt tensor.DType) error {
	x := &softmax{softmaxSize: s, dt: dt, x: kerneltest.NewOperand(dt, tensor.Dims{1, s.rows, s.cols}, kerneltest.RowMajor, false)}
	dice := rand.New(rand.NewPCG(uint64(s.rows), uint64(s.cols)))
	x.x.Fill(func(int, int, int) float32 { return 4 * dice.Float32() })
	in, err := b.rig.place(x.x, device.SpaceShared)
	if err != nil {
		return err
	}
	defer in.free()
	out, err := b.rig.place(x.x, device.SpaceShared)
	if err != nil {
		return err
	}
	defer out.free()
	job := x.job(x.x, x.x)
	for i := range kernels.Default {
		row := &kernels.Default[i]
		if ok, _ := claims(row, types{dt, dt, dt}, s.cols, b.rig.info.Caps); !ok || row.Family.Op() != kernels.OpSoftmax {
			continue
		}
		b.tell("%s, %dx%d of %v", row.Name, s.rows, s.cols, dt)
		if err := b.ctx.Err(); err != nil {
			return err
		}
		rate := Rate{Kernel: row.Name, Family: row.Family.String(), Types: dt.String(), Shape: fmt.Sprintf("%dx%d", s.rows, s.cols)}
		rate.set(b.pace.measure(func() (time.Duration, error) {
			line, err := b.rig.compile(job.Key(row, b.rig.info.Caps))
			if err != nil {
				return 0, err
			}
			t, err := b.rig.commit(device.Stage{Dispatches: []device.Dispatch{{
				Pipeline: line, Softmax: bindSoftmax(job, in.region, out.region),
			}}})
			return t.Device, err
		}))
		rate.rateOf(2*float64(dt.Size()*s.rows*s.cols), 0)
		b.Rates = append(b.Rates, rate)
	}
	return nil
}
