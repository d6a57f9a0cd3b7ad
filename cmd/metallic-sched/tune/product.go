package tune

import (
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// weight is the operand A of several products: M x K.
type weight struct {
	m, k   int
	dt     tensor.DType
	loaded bool // kept as a weight, as Load does; columns are then gathered as for a batch
	at     device.Region
}

func (w *weight) String() string {
	how := "not loaded"
	if w.loaded {
		how = "loaded"
	}
	return fmt.Sprintf("%dx%d %v %s", w.m, w.k, w.dt, how)
}

// matrix makes a weight.
func (t *Tuner) matrix(m, k int, dt tensor.DType, loaded bool) (*weight, error) {
	at, err := t.rig.matrices(dt, tensor.Dims{1, m, k})
	if err != nil {
		return nil, err
	}
	if loaded {
		prepare(at)
	}
	t.buffers = append(t.buffers, at.Buffer)
	return &weight{m, k, dt, loaded, at}, nil
}

// product makes a cell: the first n columns by each family that has a kernel.
func (t *Tuner) product(w *weight, n, x int, class string, families ...kernels.Family) (*cell, error) {
	b, err := t.columns(w.dt, w.k, n, w.loaded)
	if err != nil {
		return nil, err
	}
	c, err := t.columns(w.dt, w.m, n, w.loaded)
	if err != nil {
		return nil, err
	}
	p := kernels.Problem{
		Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: 1, M: w.m, N: n, K: w.k},
		A: w.dt, B: w.dt, C: w.dt, TransB: w.loaded,
	}
	bound := &device.Matmul{
		Shape: p.Shape, A: w.at, B: b, C: c, Runs: []device.Run{{Columns: n, Alpha: 1, Bias: -1}},
	}
	out := &cell{class: class, x: x}
	for _, f := range families {
		if err := t.enter(out, f, p, device.Dispatch{Matmul: bound}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// columns makes a matrix of n columns, which lie one after the other if a batch
// has gathered them.
func (t *Tuner) columns(dt tensor.DType, rows, n int, gathered bool) (device.Region, error) {
	dims := tensor.Dims{1, rows, n}
	if gathered {
		dims = tensor.Dims{1, n, rows}
	}
	at, err := t.rig.matrices(dt, dims)
	if err != nil {
		return at, err
	}
	t.buffers = append(t.buffers, at.Buffer)
	if gathered {
		at.View.Transpose()
	}
	return at, nil
}

// enter adds a family's kernel to a cell, if it has one for the problem.
func (t *Tuner) enter(c *cell, f kernels.Family, p kernels.Problem, d device.Dispatch) error {
	key, ok := keyOf(f, p, t.rig.info.Caps)
	if !ok {
		return nil
	}
	line, err := t.rig.compile(key)
	if err != nil {
		return err
	}
	d.Pipeline = line
	stage := device.Stage{Dispatches: []device.Dispatch{d}}
	c.entrants = append(c.entrants, &entrant{
		family: f.String(),
		work:   policy.Work{Family: f, A: p.A, B: p.B, C: p.C, Shape: p.Shape},
		run:    func() (time.Duration, error) { return t.rig.commit(stage) },
	})
	return nil
}

// softmax makes a cell of so many rows.
func (t *Tuner) softmax(rows, cols int, dt tensor.DType, x int, class string, families ...kernels.Family) (*cell, error) {
	in, err := t.columns(dt, rows, cols, false)
	if err != nil {
		return nil, err
	}
	to, err := t.columns(dt, rows, cols, false)
	if err != nil {
		return nil, err
	}
	p := kernels.Problem{Op: kernels.OpSoftmax, Shape: kernels.Shape{Batch: 1, M: rows, N: cols}, A: dt, B: dt, C: dt}
	bound := &device.Softmax{X: in, Y: to, Rows: []device.RowRun{{Rows: rows, Cols: cols, Limit: cols}}}
	out := &cell{class: class, x: x}
	for _, f := range families {
		if err := t.enter(out, f, p, device.Dispatch{Softmax: bound}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// free gives back what the cells so far stand on.
func (t *Tuner) free() {
	for _, b := range t.buffers {
		b.Free()
	}
	t.buffers = nil
}
