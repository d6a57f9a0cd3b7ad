package actors

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// bindMatmul binds parts that share A as one product.
func (b *Batch) bindMatmul(ps []part) (*device.Matmul, error) {
	s := &b.scratch
	s.matmuls = append(s.matmuls, device.Matmul{})
	mm := &s.matmuls[len(s.matmuls)-1]
	var err error
	if len(ps) == 1 {
		err = b.bindAlone(mm, &ps[0])
	} else {
		err = b.bindWide(mm, ps)
	}
	return mm, err
}

// bindAlone binds a single part: its operands are used where they lie, and
// its result goes to the caller's memory or to a staged copy of its layout.
func (b *Batch) bindAlone(mm *device.Matmul, p *part) error {
	t := p.task
	f := &t.Form
	a, rb, bias := t.region(OperandA), t.region(OperandB), t.region(OperandBias)
	if f.Problem.Shape.Batch != 1 { // a batch is cut by matrices: A is cut too
		a.View = t.sub(a.View, p.u0, p.u1)
	}
	rb.View, bias.View = t.sub(rb.View, p.u0, p.u1), t.sub(bias.View, p.u0, p.u1)
	c := t.sub(f.C, p.u0, p.u1)
	var errA, errB, errC error
	mm.A, errA = b.input(a)
	mm.B, errB = b.input(rb)
	mm.C, errC = b.result(p, c)
	if err := errsFirst(errA, errB, errC, b.addRun(mm, p, bias)); err != nil {
		return err
	}
	d := c.Dims()
	mm.Shape = kernels.Shape{Batch: d[0], M: d[1], N: d[2], K: f.Problem.Shape.K}
	return nil
}

// result returns where a part's result is computed. A job that reads C gets
// its own copy of it, so that a retry starts from the same C again.
func (b *Batch) result(p *part, c tensor.View) (device.Region, error) {
	inPlace, ok := b.claim(p)
	if !ok {
		return device.Region{}, errEnded
	}
	if inPlace {
		return device.Host(c), nil
	}
	r, err := b.like(c)
	if err == nil && p.task.Form.ReadsC() {
		b.scratch.gather = append(b.scratch.gather, device.Copy{Dst: r, Src: device.Host(c)})
	}
	p.out = r.View
	return r, err
}

// bindWide puts the columns of many parts side by side: B is gathered and C
// staged, both with their columns contiguous.
func (b *Batch) bindWide(mm *device.Matmul, ps []part) error {
	f := &ps[0].task.Form
	n := 0
	for i := range ps {
		n += ps[i].u1 - ps[i].u0
	}
	shape := kernels.Shape{Batch: 1, M: f.Problem.Shape.M, N: n, K: f.Problem.Shape.K}
	mm.Shape = shape
	var errA, errB, errC error
	mm.A, errA = b.input(ps[0].task.region(OperandA))
	mm.B, errB = b.arena.alloc(f.Problem.B, tensor.Dims{1, shape.N, shape.K})
	mm.C, errC = b.arena.alloc(f.Problem.C, tensor.Dims{1, shape.N, shape.M})
	if err := errsFirst(errA, errB, errC); err != nil {
		return err
	}
	mm.B.View, mm.C.View = mm.B.View.T(), mm.C.View.T()
	col := 0
	for i := range ps {
		p := &ps[i]
		if err := b.gather(mm, p, col); err != nil {
			return err
		}
		col += p.u1 - p.u0
	}
	return nil
}

// gather adds one part's columns to a wide product, from column col on.
func (b *Batch) gather(mm *device.Matmul, p *part, col int) error {
	t, s := p.task, &b.scratch
	end := col + p.u1 - p.u0
	src, bias := t.region(OperandB), t.region(OperandBias)
	src.View, bias.View = t.sub(src.View, p.u0, p.u1), t.sub(bias.View, p.u0, p.u1)
	dst := device.Region{Buffer: mm.B.Buffer, View: mm.B.View.Slice(0, mm.Shape.K, col, end)}
	s.gather = append(s.gather, device.Copy{Dst: dst, Src: src})
	p.out = mm.C.View.Slice(0, mm.Shape.M, col, end)
	if t.Form.ReadsC() {
		c := t.sub(t.Form.C, p.u0, p.u1)
		s.gather = append(s.gather, device.Copy{Dst: device.Region{Buffer: mm.C.Buffer, View: p.out}, Src: device.Host(c)})
	}
	return b.addRun(mm, p, bias)
}

// addRun appends the factors of one part's columns.
func (b *Batch) addRun(mm *device.Matmul, p *part, bias device.Region) error {
	s, f := &b.scratch, &p.task.Form
	columns := p.u1 - p.u0
	if f.Problem.Shape.Batch != 1 {
		columns = f.Problem.Shape.N
	}
	run := device.Run{Columns: columns, Alpha: f.Alpha, Beta: f.Beta, Bias: -1}
	if f.Problem.Bias {
		if f.Problem.Shape.Batch != 1 {
			bias.View = bias.View.Sub(0, min(1, bias.View.Matrices()))
		}
		in, err := b.input(bias)
		if err != nil {
			return err
		}
		run.Bias = len(mm.Biases)
		mm.Biases = appendWithin(&s.biases, mm.Biases, in)
	}
	mm.Runs = appendWithin(&s.runs, mm.Runs, run)
	return nil
}

// appendWithin appends to a slice that lies at the end of a larger one.
func appendWithin[T any](all *[]T, tail []T, x T) []T {
	*all = append(*all, x)
	return (*all)[len(*all)-len(tail)-1:]
}
