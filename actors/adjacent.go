package actors

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// stretch is neighbouring places of a ring that a batch reads.
type stretch struct {
	ring      *ring
	low, high int
}

// joinRing puts the vector of a task that is about to be submitted beside its
// operand, if there is a place for it.
func (t *Task) joinRing() {
	t.leaveRing() // another engine may have had it
	m := t.Memory[OperandA]
	if m == nil {
		return
	}
	b := m.StagingRing().get()
	if b == nil || !b.suits(t) {
		return
	}
	if at, ok := b.put(t.Form.B); ok {
		t.ring, t.place = b, at
	}
}

func (t *Task) leaveRing() {
	if t.ring != nil {
		t.ring.leave(t.place, t.place+1)
		t.ring = nil
	}
}

// adjacent returns where the vectors of a problem lie, if they are so close to
// each other that the kernel can read them there, with what lies in between. From
// then on the batch uses it.
func (b *Batch) adjacent(ps []part, n int) (m stretch, ok bool) {
	t := ps[0].task
	memory := t.Memory[OperandA]
	if memory == nil || b.engine.info.HostMemory {
		return m, false
	}
	q := memory.StagingRing()
	m = stretch{ring: q.get(), low: t.place, high: t.place + 1}
	if m.ring == nil {
		if len(ps) >= ringJobs && t.Units == 1 && t.Memory[OperandB] == nil {
			b.engine.openRing(q, t)
		}
		return m, false
	}
	for i := range ps {
		t := ps[i].task
		if t.ring != m.ring {
			return m, false
		}
		m.low, m.high = min(m.low, t.place), max(m.high, t.place+1)
	}
	if !b.spans(ps, n, m.high-m.low) || !m.ring.use(m.low, m.high) {
		return m, false
	}
	b.stretches = append(b.stretches, m)
	return m, true
}

// leaveRings gives up what the batch reads of rings.
func (b *Batch) leaveRings() {
	for _, m := range b.stretches {
		m.ring.leave(m.low, m.high)
	}
	clear(b.stretches)
	b.stretches = b.stretches[:0]
}

// bindAdjacent is bindWide for vectors that lie side by side already, in the order
// of their places. Between them there may be columns whose results are nobody's.
func (b *Batch) bindAdjacent(mm *device.Matmul, ps []part, n int, m stretch) error {
	slices.SortFunc(ps, func(p, q part) int { return p.task.place - q.task.place })
	q := &ps[0].task.Plan.Problem
	mm.Shape.Batch, mm.Shape.M, mm.Shape.N, mm.Shape.K = 1, q.Shape.M, m.high-m.low, q.Shape.K
	var errA, errC error
	mm.A, errA = b.input(ps[0].task.region(OperandA))
	mm.B = m.ring.region(m.low, m.high)
	mm.C, errC = b.arena.alloc(q.C, tensor.Dims{1, mm.Shape.N, q.Shape.M})
	if err := errsFirst(errA, errC); err != nil {
		return err
	}
	mm.C.View.Transpose()
	b.scratch.results[n] = mm.C.View
	for i := range ps {
		ps[i].problem, ps[i].col = n, ps[i].task.place-m.low
		if i > 0 { // the gap before it
			mm.Runs[i-1].Columns = ps[i].col - ps[i-1].col
		}
		b.addRun(mm, &ps[i])
	}
	return nil
}

// spans reports whether the n-th problem may have so many columns: few that are
// not its own, and none that take another kernel.
func (b *Batch) spans(ps []part, n, columns int) bool {
	switch more := columns - len(ps); {
	case more == 0:
		return true
	case more > max(len(ps)/4, 4):
		return false
	}
	return b.scratch.pipelines[n].Key() == policy.KeyForColumns(ps[0].task.Plan, columns, false, false)
}
