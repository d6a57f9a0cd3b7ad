package selftest

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// bound is a product whose operands are on the device.
type bound struct {
	*product
	rig    *rig
	weight device.Region
	b      *placed
	c      device.Buffer // for a C that nobody looks at, or nil
}

func (r *rig) bind(p *product) (*bound, error) {
	b, err := r.place(p.b, device.SpaceShared)
	if err != nil {
		return nil, err
	}
	on := &bound{product: p, rig: r, b: b}
	if p.loaded {
		on.weight, err = r.load(p.a)
	} else if a, failed := r.place(p.a, device.SpaceDevice); failed == nil {
		on.weight = a.region
	} else {
		err = failed
	}
	if err != nil {
		b.free()
		return nil, err
	}
	return on, nil
}

func (on *bound) free() {
	on.b.free()
	on.weight.Buffer.Free()
	if on.c != nil {
		on.c.Free()
	}
}

// factors returns the runs of n columns.
func (s size) runs(n int) []kerneltest.Run {
	if !s.factors {
		return []kerneltest.Run{{Columns: n, Alpha: 1, Bias: -1}}
	}
	runs := []kerneltest.Run{{Columns: n - n/2, Alpha: 0.5, Beta: 1, Bias: 0}}
	if n > 1 {
		runs = append(runs, kerneltest.Run{Columns: n / 2, Alpha: 1, Bias: -1})
	}
	return runs
}

// run lets a row of the catalog compute the first n columns into a C of type
// dt, and measures how far they are from those of the reference.
func (on *bound) run(row *kernels.Row, dt tensor.DType, n int) (m Measure, err error) {
	job := on.job(dt, n)
	line, err := on.rig.compile(job.Key(row, on.rig.info.Caps))
	if err != nil {
		return m, err
	}
	c, err := on.rig.place(job.C, device.SpaceShared)
	if err != nil {
		return m, err
	}
	defer c.free()
	d := &device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: on.m, N: n, K: on.k},
		A:     on.weight, B: on.b.columns(n), C: c.region,
	}
	for _, r := range job.Runs {
		d.Runs = append(d.Runs, device.Run(r))
	}
	if on.factors {
		bias, err := on.rig.place(job.Biases[0], device.SpaceShared)
		if err != nil {
			return m, err
		}
		defer bias.free()
		v := bias.region.View
		bias.region.View = v.Strided(tensor.Dims{1, on.m, job.Runs[0].Columns}, tensor.Dims{0, 1, 0}, v.Offset())
		d.Biases = []device.Region{bias.region}
	}
	if _, err = on.rig.commit(
		device.Stage{Dispatches: []device.Dispatch{{Pipeline: line, Matmul: d}}}, copies(c.down()),
	); err != nil {
		return m, err
	}
	return on.measure(job), job.C.Changed(func(int, int, int) bool { return true })
}

// job is the product with C and bias as they are before. Their values are the
// same in every type.
func (on *bound) job(dt tensor.DType, n int) *kerneltest.Matmul {
	bView := on.product.b.View
	bView.Columns(0, n)
	job := &kerneltest.Matmul{
		A: &kerneltest.Operand{View: on.weight.View}, B: &kerneltest.Operand{View: bView},
		C:    kerneltest.NewOperand(dt, tensor.Dims{1, on.m, n}, on.size.b, false),
		Runs: on.runs(n),
	}
	if on.factors { // else C stays NaN: it must not be read
		job.C.Fill(func(_, i, j int) float32 { return before(i, j) })
		bias := kerneltest.NewOperand(dt, tensor.Dims{1, on.m, 1}, kerneltest.ColumnMajor, false)
		bias.Fill(func(_, i, _ int) float32 { return before(i, 1) })
		job.Biases = []*kerneltest.Operand{bias}
	}
	job.C.Seal()
	return job
}

// before is an element of C before, or of the bias.
func before(i, j int) float32 { return float32((i+3*j)%17-8) / 4 }

// measure compares C with the reference.
func (on *bound) measure(job *kerneltest.Matmul) (m Measure) {
	dt, first := job.C.View.DType(), 0
	unit := rounding(dt)
	for _, r := range job.Runs {
		alpha, beta := float64(r.Alpha), float64(r.Beta)
		for i := range on.m {
			bias := 0.0
			if r.Bias >= 0 {
				bias = float64(before(i, 1))
			}
			for j := first; j < first+r.Columns; j++ {
				c := float64(before(i, j))
				want := alpha*float64(on.want[i*on.n+j]) + beta*c + bias
				magnitude := alpha*float64(on.magnitude[i*on.n+j]) + max(beta*c, -beta*c) + max(bias, -bias)
				m.see(i, j, job.C.View.Value(0, i, j), want, unit*magnitude, productTolerance(dt, on.k, want, magnitude))
			}
		}
		first += r.Columns
	}
	return m
}
