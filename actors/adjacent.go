package actors

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// stretch is neighbouring places of a ring that a batch reads.
type stretch struct {
	ring      *ring
	low, high int
}

// joinRing puts the vector of a task that is about to be submitted beside its
// operand, if there is a place for it. Its submitter must not have returned: when
// the job has ended, the vector's memory may be used for something else.
func (t *Task) joinRing() {
	t.single = true
	m := t.Memory[OperandA]
	if m == nil {
		return
	}
	r := m.StagingRing().get()
	if r == nil || !r.suits(t) {
		return
	}
	if at, ok := r.put(t.Form.B); ok {
		t.ring, t.place = r, at
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
func (b *Batch) adjacent(ps []part, n int) (near stretch, ok bool) {
	t := ps[0].task
	memory := t.Memory[OperandA]
	if t.ring == nil || memory == nil || b.engine.info.HostMemory {
		return near, false
	}
	near = stretch{ring: memory.StagingRing().get(), low: t.place, high: t.place + 1}
	for i := range ps {
		t := ps[i].task
		if t.ring != near.ring {
			return stretch{}, false
		}
		near.low, near.high = min(near.low, t.place), max(near.high, t.place+1)
	}
	if !b.spans(ps, n, near.high-near.low) || !near.ring.use(near.low, near.high) {
		return stretch{}, false
	}
	near.ring.used = b.engine.recycled
	b.stretches = append(b.stretches, near)
	return near, true
}

// leaveRings gives up what the batch reads of rings.
func (b *Batch) leaveRings() {
	for _, near := range b.stretches {
		near.ring.leave(near.low, near.high)
	}
	clear(b.stretches)
	b.stretches = b.stretches[:0]
}

// bindAdjacent is bindWide for vectors that lie side by side already. Between them
// there may be columns whose results are nobody's. The parts stay in their order,
// which replays know as well.
func (b *Batch) bindAdjacent(mm *device.Matmul, ps []part, n int, near stretch) error {
	q := &ps[0].task.Plan.Problem
	mm.Shape = kernels.Shape{Batch: 1, M: q.Shape.M, N: near.high - near.low, K: q.Shape.K}
	var errA, errC error
	mm.A, errA = b.input(ps[0].task.region(OperandA))
	mm.B = near.ring.region(near.low, near.high)
	mm.C, errC = b.arena.alloc(q.C, tensor.Dims{1, mm.Shape.N, q.Shape.M})
	if err := errsFirst(errA, errC); err != nil {
		return err
	}
	mm.C.View.Transpose()
	b.scratch.results[n] = mm.C.View
	b.scratch.byPlace = b.scratch.byPlace[:0]
	for i := range ps {
		ps[i].problem, ps[i].col = n, ps[i].task.place-near.low
		b.scratch.byPlace = append(b.scratch.byPlace, &ps[i])
	}
	slices.SortFunc(b.scratch.byPlace, func(p, q *part) int { return p.col - q.col })
	for i, p := range b.scratch.byPlace {
		if i > 0 { // the gap before it
			mm.Runs[i-1].Columns = p.col - b.scratch.byPlace[i-1].col
		}
		b.addRun(mm, p)
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
