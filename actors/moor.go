package actors

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// mooring is a stretch of berths that a batch reads.
type mooring struct {
	berths    *berths
	low, high int
}

// moor puts the vector of a task that is about to be submitted beside its
// operand, if there is a place for it.
func (t *Task) moor() {
	t.unmoor() // another engine may have had it
	m := t.Memory[OperandA]
	if m == nil {
		return
	}
	b := m.Quay().berths()
	if b == nil || !b.suits(t) {
		return
	}
	if at, ok := b.put(t.Form.B); ok {
		t.berths, t.berth = b, at
	}
}

func (t *Task) unmoor() {
	if t.berths != nil {
		t.berths.leave(t.berth, t.berth+1)
		t.berths = nil
	}
}

// moored returns where the vectors of a problem lie, if they are so close to
// each other that the kernel can read them there, with what lies in between. From
// then on the batch uses it.
func (b *Batch) moored(ps []part, n int) (m mooring, ok bool) {
	t := ps[0].task
	memory := t.Memory[OperandA]
	if memory == nil || b.engine.info.HostMemory {
		return m, false
	}
	q := memory.Quay()
	m = mooring{berths: q.berths(), low: t.berth, high: t.berth + 1}
	if m.berths == nil {
		if len(ps) >= quayJobs && t.Units == 1 && t.Memory[OperandB] == nil {
			b.engine.openQuay(q, t)
		}
		return m, false
	}
	for i := range ps {
		t := ps[i].task
		if t.berths != m.berths {
			return m, false
		}
		m.low, m.high = min(m.low, t.berth), max(m.high, t.berth+1)
	}
	if !b.spans(ps, n, m.high-m.low) || !m.berths.use(m.low, m.high) {
		return m, false
	}
	b.moorings = append(b.moorings, m)
	return m, true
}

// castOff gives up what the batch reads of quays.
func (b *Batch) castOff() {
	for _, m := range b.moorings {
		m.berths.leave(m.low, m.high)
	}
	clear(b.moorings)
	b.moorings = b.moorings[:0]
}

// bindMoored is bindWide for vectors that lie side by side already, in the order
// of their berths. Between them there may be columns whose results are nobody's.
func (b *Batch) bindMoored(mm *device.Matmul, ps []part, n int, m mooring) error {
	slices.SortFunc(ps, func(p, q part) int { return p.task.berth - q.task.berth })
	q := &ps[0].task.Plan.Problem
	mm.Shape.Batch, mm.Shape.M, mm.Shape.N, mm.Shape.K = 1, q.Shape.M, m.high-m.low, q.Shape.K
	var errA, errC error
	mm.A, errA = b.input(ps[0].task.region(OperandA))
	mm.B = m.berths.region(m.low, m.high)
	mm.C, errC = b.arena.alloc(q.C, tensor.Dims{1, mm.Shape.N, q.Shape.M})
	if err := errsFirst(errA, errC); err != nil {
		return err
	}
	mm.C.View.Transpose()
	b.scratch.results[n] = mm.C.View
	for i := range ps {
		ps[i].problem, ps[i].col = n, ps[i].task.berth-m.low
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
