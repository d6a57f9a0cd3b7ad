package selftest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// softmax is one as the reference computes it.
type softmax struct {
	softmaxSize
	dt   tensor.DType
	x    *kerneltest.Operand
	want []float32 // row-major, not rounded to dt
}

func newSoftmax(ref *rig, s softmaxSize, dt tensor.DType) (*softmax, error) {
	dims := tensor.Dims{1, s.rows, s.cols}
	x := &softmax{softmaxSize: s, dt: dt, x: kerneltest.NewOperand(dt, dims, kerneltest.RowPadded, false)}
	dice := rand.New(rand.NewPCG(uint64(s.rows), uint64(s.cols)))
	x.x.Fill(func(int, int, int) float32 { return 4 * float32(dice.NormFloat64()) })
	x.x.Seal()

	wide := kerneltest.NewOperand(tensor.F32, dims, kerneltest.RowMajor, false)
	wide.Fill(x.x.View.Value)
	y := kerneltest.NewOperand(tensor.F32, dims, kerneltest.RowMajor, false)
	job := x.job(wide, y)
	line, err := ref.compile(job.Key(kernels.Default.Find("softmax_legacy"), ref.info.Caps))
	if err != nil {
		return nil, err
	}
	bound := bindSoftmax(job, device.Host(wide.View), device.Host(y.View))
	if _, err := ref.commit(device.Stage{Dispatches: []device.Dispatch{{Pipeline: line, Softmax: bound}}}); err != nil {
		return nil, err
	}
	for i := range s.rows {
		for j := range s.cols {
			x.want = append(x.want, y.View.Value(0, i, j))
		}
	}
	return x, x.vouch()
}

func (x *softmax) job(in, out *kerneltest.Operand) *kerneltest.Softmax {
	return &kerneltest.Softmax{X: in, Y: out, Rows: x.runs(), Causal: x.mask != "", Offset: x.mask == "causal+offset"}
}

func bindSoftmax(job *kerneltest.Softmax, in, out device.Region) *device.Softmax {
	bound := &device.Softmax{X: in, Y: out}
	for _, r := range job.Rows {
		bound.Rows = append(bound.Rows, device.RowRun(r))
	}
	return bound
}

// softmax lets a row of the catalog compute it and measures how far that is
// from the reference.
func (r *rig) softmax(x *softmax, row *kernels.Row) (m Measure, err error) {
	out := kerneltest.NewOperand(x.dt, x.x.View.Dims(), kerneltest.RowMajor, false)
	out.Seal()
	job := x.job(x.x, out)
	line, err := r.compile(job.Key(row, r.info.Caps))
	if err != nil {
		return m, err
	}
	in, err := r.place(x.x, device.SpaceShared)
	if err != nil {
		return m, err
	}
	defer in.free()
	to, err := r.place(out, device.SpaceShared)
	if err != nil {
		return m, err
	}
	defer to.free()
	if _, err := r.commit(
		device.Stage{Dispatches: []device.Dispatch{{Pipeline: line, Softmax: bindSoftmax(job, in.region, to.region)}}},
		copies(in.down(), to.down()),
	); err != nil {
		return m, err
	}
	if err := x.x.Changed(nil); err != nil {
		return m, fmt.Errorf("what softmax reads: %w", err)
	}
	m = x.measure(x.dt, out.View.Value, func(at int) float64 { return float64(x.want[at]) })
	return m, out.Changed(func(int, int, int) bool { return true })
}

// attended returns how many columns row i attends to.
func (x *softmax) attended(i int) int {
	r := x.runs()[0]
	return min(r.Cols, r.Limit+i*r.Step)
}

// measure compares results in type dt with what is wanted.
func (x *softmax) measure(dt tensor.DType, got func(b, i, j int) float32, want func(at int) float64) (m Measure) {
	for i := range x.rows {
		attended, greatest := x.attended(i), x.greatest(i)
		for j := range x.cols {
			w := want(i*x.cols + j)
			if j >= attended { // masked: exactly 0
				m.see(i, j, got(0, i, j), 0, 0, tolerance{})
				continue
			}
			distance := greatest - float64(x.x.View.Value(0, i, j))
			unit := rounding(dt) * math.Max(w, normal(dt))
			m.see(i, j, got(0, i, j), w, unit, softmaxTolerance(dt, attended, w, distance))
		}
	}
	return m
}

func (x *softmax) greatest(i int) float64 {
	g := math.Inf(-1)
	for j := range x.attended(i) {
		g = math.Max(g, float64(x.x.View.Value(0, i, j)))
	}
	return g
}

// vouch computes the reference again in float64.
func (x *softmax) vouch() error {
	exact := make([]float64, len(x.want))
	for i := range x.rows {
		row, sum, greatest := exact[i*x.cols:(i+1)*x.cols], 0.0, x.greatest(i)
		for j := range x.attended(i) {
			row[j] = math.Exp(float64(x.x.View.Value(0, i, j)) - greatest)
			sum += row[j]
		}
		for j := range row {
			row[j] /= sum
		}
	}
	m := x.measure(tensor.F32, func(_, i, j int) float32 { return x.want[i*x.cols+j] }, func(at int) float64 { return exact[at] })
	return doubt(&m)
}
