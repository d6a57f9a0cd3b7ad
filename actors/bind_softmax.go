package actors

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// rowRuns bounds the row runs that the batch's softmax parts need: one for
// each matrix of a part.
func (b *Batch) rowRuns() int {
	n := 0
	if b.plan().Problem.Op == kernels.OpSoftmax {
		for i := range b.parts {
			n += b.parts[i].rows()[0]
		}
	}
	return n
}

// bindSoftmax binds the rows of many parts as one stack, or those of a single
// part where they lie.
func (b *Batch) bindSoftmax(ps []part, n int) (*device.Softmax, error) {
	s := &b.scratch
	s.softmaxes = append(s.softmaxes, device.Softmax{})
	sm := &s.softmaxes[len(s.softmaxes)-1]
	if len(ps) == 1 {
		return sm, b.bindRows(sm, &ps[0], n)
	}
	return sm, b.stackRows(sm, ps, n)
}

// bindRows binds one part: X where it lies, Y in place or staged.
func (b *Batch) bindRows(sm *device.Softmax, p *part, n int) error {
	t := p.task
	x, y := t.region(OperandA), t.Form.C
	t.sub(&x.View, p.u0, p.u1)
	t.sub(&y, p.u0, p.u1)
	p.problem, p.col = n, 0
	inPlace, ok := b.claim(p)
	if !ok {
		return errEnded
	}
	var errX, errY error
	sm.X, errX = b.input(x)
	if sm.Y = device.Host(y); !inPlace {
		sm.Y, errY = b.arena.alloc(x.View.DType(), x.View.Dims())
		b.scratch.results[n] = sm.Y.View
	}
	b.addRows(sm, p, x.View.Dims())
	return errsFirst(errX, errY)
}

// stackRows gathers the rows of many parts into one stack as wide as the
// widest and normalises them there.
func (b *Batch) stackRows(sm *device.Softmax, ps []part, n int) error {
	rows, width := 0, 0
	for i := range ps {
		d := ps[i].rows()
		ps[i].problem, ps[i].col = n, rows
		rows, width = rows+d[0]*d[1], max(width, d[2])
	}
	stack, err := b.arena.alloc(ps[0].task.Plan.Problem.A, tensor.Dims{1, rows, width})
	if err != nil {
		return err
	}
	sm.X, sm.Y = stack, stack
	b.scratch.results[n] = stack.View
	for i := range ps {
		p := &ps[i]
		c := b.scratch.copy()
		c.Dst.Buffer, c.Dst.View = stack.Buffer, p.inStack(&stack.View)
		c.Src = p.task.region(OperandA)
		p.task.sub(&c.Src.View, p.u0, p.u1)
		b.addRows(sm, p, p.rows())
	}
	return nil
}

// rows returns the dimensions of a softmax part.
func (p *part) rows() tensor.Dims {
	d := p.task.Form.A.Dims()
	if d[0] != 1 {
		d[0] = p.u1 - p.u0
	} else {
		d[1] = p.u1 - p.u0
	}
	return d
}

// inStack returns the part's rows in a stack, its matrices one after another.
func (p *part) inStack(stack *tensor.View) tensor.View {
	d, width := p.rows(), stack.Cols()
	return stack.Strided(d, tensor.Dims{d[1] * width, width, 1}, stack.Offset()+p.col*width)
}

// addRows appends a run for each matrix of a part: a causal mask starts anew
// with every matrix.
func (b *Batch) addRows(sm *device.Softmax, p *part, d tensor.Dims) {
	t := p.task
	run := device.RowRun{Rows: d[1], Cols: d[2], Limit: d[2]}
	if t.Plan.Problem.Causal {
		run.Limit, run.Step = t.Form.QueryOffset+1, 1
		if t.Plan.Problem.Shape.Batch == 1 {
			run.Limit += p.u0
		}
	}
	for range d[0] {
		sm.Rows = appendWithin(&b.scratch.rows, sm.Rows, run)
	}
}
