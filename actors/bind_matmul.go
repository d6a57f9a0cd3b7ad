package actors

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// bindMatmul binds parts that share A as one product, the batch's n-th.
func (b *Batch) bindMatmul(ps []part, n int) (*device.Matmul, error) {
	s := &b.scratch
	s.matmuls = append(s.matmuls, device.Matmul{})
	mm := &s.matmuls[len(s.matmuls)-1]
	var err error
	if len(ps) == 1 {
		err = b.bindAlone(mm, ps, n)
	} else {
		err = b.bindWide(mm, ps, n)
	}
	if err == nil && len(mm.Biases) > 0 {
		err = b.placeBiases(mm.Biases)
	}
	return mm, err
}

// bindAlone binds a single part: its operands are used where they lie, and
// its result goes to the caller's memory or to a staged copy of its layout. Its
// vector may lie in a ring, too.
func (b *Batch) bindAlone(mm *device.Matmul, ps []part, n int) error {
	p := &ps[0]
	t := p.task
	a, rb := t.region(OperandA), t.region(OperandB)
	if t.Plan.Problem.Shape.Batch != 1 { // a batch is cut by matrices: A is cut too
		t.sub(&a.View, p.u0, p.u1)
	}
	t.sub(&rb.View, p.u0, p.u1)
	p.problem, p.col = n, 0
	var errA, errB error
	mm.A, errA = b.input(a)
	if near, ok := b.adjacent(ps, n); ok {
		mm.B = near.ring.region(near.low, near.high)
	} else {
		mm.B, errB = b.input(rb)
	}
	if err := errsFirst(errA, errB, b.bindResult(mm, p)); err != nil {
		return err
	}
	b.addRun(mm, p)
	d := mm.C.View.Dims()
	mm.Shape = kernels.Shape{Batch: d[0], M: d[1], N: d[2], K: t.Plan.Problem.Shape.K}
	return nil
}

// bindResult decides where a single part is computed. A job that reads C gets
// its own copy of it, so that a retry starts from the same C again.
func (b *Batch) bindResult(mm *device.Matmul, p *part) error {
	t := p.task
	c := t.Form.C
	t.sub(&c, p.u0, p.u1)
	inPlace, ok := b.claim(p)
	switch {
	case !ok:
		return errEnded
	case inPlace:
		mm.C = device.Host(c)
		return nil
	}
	var err error
	if mm.C, err = b.like(&c); err != nil {
		return err
	}
	if t.Form.ReadsC() {
		b.scratch.gather = append(b.scratch.gather, device.Copy{Dst: mm.C, Src: device.Host(c)})
	}
	b.scratch.results[p.problem] = mm.C.View
	return nil
}

// bindWide puts the columns of many parts side by side: B is gathered and C
// staged, both with their columns contiguous.
func (b *Batch) bindWide(mm *device.Matmul, ps []part, n int) error {
	if near, ok := b.adjacent(ps, n); ok {
		return b.bindAdjacent(mm, ps, n, near)
	}
	b.engine.wantRing(ps)
	q := &ps[0].task.Plan.Problem
	col := 0
	for i := range ps {
		ps[i].problem, ps[i].col = n, col
		col += ps[i].u1 - ps[i].u0
	}
	mm.Shape = kernels.Shape{Batch: 1, M: q.Shape.M, N: col, K: q.Shape.K}
	var errA, errB, errC error
	mm.A, errA = b.input(ps[0].task.region(OperandA))
	mm.B, errB = b.beside(ps).alloc(q.B, tensor.Dims{1, col, q.Shape.K})
	mm.C, errC = b.arena.alloc(q.C, tensor.Dims{1, col, q.Shape.M})
	if err := errsFirst(errA, errB, errC); err != nil {
		return err
	}
	mm.B.View.Transpose()
	mm.C.View.Transpose()
	b.scratch.results[n] = mm.C.View
	for i := range ps {
		b.gather(mm, &ps[i])
		b.addRun(mm, &ps[i])
	}
	return nil
}

// beside returns the memory in which the columns of many B are put side by side:
// the device's own, if all of them lie there.
func (b *Batch) beside(ps []part) *arena {
	for i := range ps {
		if ps[i].task.Memory[OperandB] == nil {
			return &b.arena
		}
	}
	return &b.inner
}

// gather copies one part's columns into a wide product.
func (b *Batch) gather(mm *device.Matmul, p *part) {
	t, s := p.task, &b.scratch
	c := s.copy()
	c.Dst.Buffer, c.Dst.View = mm.B.Buffer, mm.B.View
	c.Dst.View.Columns(p.col, p.col+p.u1-p.u0)
	if t.Memory[OperandB] != nil {
		c.Src = t.region(OperandB)
	} else {
		c.Src.View = t.Form.B
	}
	t.sub(&c.Src.View, p.u0, p.u1)
	if t.Form.ReadsC() {
		c := s.copy()
		c.Dst.Buffer, c.Dst.View = mm.C.Buffer, mm.C.View
		c.Dst.View.Columns(p.col, p.col+p.u1-p.u0)
		c.Src.View = t.Form.C
		t.sub(&c.Src.View, p.u0, p.u1)
	}
}

// copy appends an empty copy to the gather stage.
func (s *bindings) copy() *device.Copy {
	s.gather = append(s.gather, device.Copy{})
	return &s.gather[len(s.gather)-1]
}

// addRun appends the factors of one part's columns.
func (b *Batch) addRun(mm *device.Matmul, p *part) {
	f, q := &p.task.Form, &p.task.Plan.Problem
	run := device.Run{Columns: p.u1 - p.u0, Alpha: f.Alpha, Beta: f.Beta, Bias: -1}
	if q.Shape.Batch != 1 {
		run.Columns = q.Shape.N
	}
	if q.Bias {
		bias := p.task.region(OperandBias)
		if q.Shape.Batch == 1 {
			p.task.sub(&bias.View, p.u0, p.u1)
		} else { // every matrix has the same
			bias.View = bias.View.Sub(0, min(1, bias.View.Matrices()))
		}
		run.Bias = len(mm.Biases)
		mm.Biases = appendWithin(&b.scratch.biases, mm.Biases, bias)
	}
	mm.Runs = appendWithin(&b.scratch.runs, mm.Runs, run)
}

// placeBiases stages biases that the device could not read, or that do not lie
// together, in one buffer.
func (b *Batch) placeBiases(biases []device.Region) error {
	together := biases[0].Buffer != nil || b.engine.info.HostMemory
	bytes := 0
	for i := range biases {
		together = together && biases[i].Buffer == biases[0].Buffer
		d := biases[i].View.Dims()
		bytes += max(d[1], d[2])*biases[i].View.DType().Size() + arenaAlign
	}
	if together {
		return nil
	}
	if err := b.arena.reserve(bytes); err != nil {
		return err
	}
	for i := range biases {
		if err := b.stageBias(&biases[i]); err != nil {
			return err
		}
	}
	return nil
}

// stageBias copies the line that a bias repeats.
func (b *Batch) stageBias(r *device.Region) error {
	d, line, again := r.View.Dims(), *r, tensor.Dims{0, 0, 1}
	if s := r.View.Strides(); s[1] == 0 {
		line.View = r.View.Slice(0, min(1, d[1]), 0, d[2])
	} else {
		line.View, again = r.View.Slice(0, d[1], 0, min(1, d[2])), tensor.Dims{0, 1, 0}
	}
	dst, err := b.arena.alloc(r.View.DType(), line.View.Dims())
	if err != nil {
		return err
	}
	c := b.scratch.copy()
	c.Dst, c.Src = dst, line
	dst.View = dst.View.Strided(d, again, dst.View.Offset())
	*r = dst
	return r.View.Err()
}

// appendWithin appends to a slice that lies at the end of a larger one.
func appendWithin[T any](all *[]T, tail []T, x T) []T {
	*all = append(*all, x)
	return (*all)[len(*all)-len(tail)-1:]
}
