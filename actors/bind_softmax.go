package actors

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// rowRuns bounds the row runs that the batch's softmax parts need: one for
// each matrix of a part.
func (b *Batch) rowRuns() int {
	n := 0
	for i := range b.parts {
		n += max(b.parts[i].task.Form.Problem.Shape.Batch, 1)
	}
	return n
}

// bindSoftmax binds the rows of many parts as one stack, or those of a single
// part where they lie.
func (b *Batch) bindSoftmax(ps []part) (*device.Softmax, error) {
	s := &b.scratch
	s.softmaxes = append(s.softmaxes, device.Softmax{})
	sm := &s.softmaxes[len(s.softmaxes)-1]
	if len(ps) == 1 {
		return sm, b.bindRows(sm, &ps[0])
	}
	return sm, b.stackRows(sm, ps)
}

// bindRows binds one part: X where it lies, Y in place or staged. A staged
// result is computed over a copy of X when the device cannot read X.
func (b *Batch) bindRows(sm *device.Softmax, p *part) error {
	t := p.task
	x := device.Host(t.sub(t.Form.A, p.u0, p.u1))
	inPlace, ok := b.claim(p)
	if !ok {
		return errEnded
	}
	var errX, errY error
	if sm.X, errX = b.input(x); inPlace {
		sm.Y = device.Host(t.sub(t.Form.C, p.u0, p.u1))
	} else {
		sm.Y, errY = b.arena.alloc(t.Form.Problem.C, x.View.Dims())
		p.out = sm.Y.View
	}
	b.addRows(sm, p)
	return errsFirst(errX, errY)
}

// stackRows gathers the rows of many parts into one stack as wide as the
// widest and normalises them there.
func (b *Batch) stackRows(sm *device.Softmax, ps []part) error {
	rows, width := 0, 0
	for i := range ps {
		d := ps[i].task.sub(ps[i].task.Form.A, ps[i].u0, ps[i].u1).Dims()
		rows, width = rows+d[0]*d[1], max(width, d[2])
	}
	stack, err := b.arena.alloc(ps[0].task.Form.Problem.A, tensor.Dims{1, rows, width})
	if err != nil {
		return err
	}
	sm.X, sm.Y = stack, stack
	row := 0
	for i := range ps {
		p := &ps[i]
		src := p.task.sub(p.task.Form.A, p.u0, p.u1)
		d := src.Dims()
		// The part's matrices lie one after another in the stack.
		p.out = stack.View.Strided(d, tensor.Dims{d[1] * width, width, 1}, stack.View.Offset()+row*width)
		b.scratch.gather = append(b.scratch.gather, device.Copy{
			Dst: device.Region{Buffer: stack.Buffer, View: p.out}, Src: device.Host(src),
		})
		b.addRows(sm, p)
		row += d[0] * d[1]
	}
	return nil
}

// addRows appends a run for each matrix of a part: a causal mask starts anew
// with every matrix.
func (b *Batch) addRows(sm *device.Softmax, p *part) {
	f := &p.task.Form
	d := p.task.sub(f.A, p.u0, p.u1).Dims()
	run := device.RowRun{Rows: d[1], Cols: d[2], Limit: d[2]}
	if f.Problem.Causal {
		run.Limit, run.Step = f.QueryOffset+1, 1
		if f.Problem.Shape.Batch == 1 {
			run.Limit += p.u0
		}
	}
	for range d[0] {
		sm.Rows = appendWithin(&b.scratch.rows, sm.Rows, run)
	}
}
