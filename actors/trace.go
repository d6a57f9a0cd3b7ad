package actors

import (
	"errors"
	"time"
	"weak"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// trace tells a tracer what the actors see and decide, in the order in which
// they do: see Replayer. It belongs to the goroutine that all actors share; an
// engine that is not traced has none.
type trace struct {
	to       metrics.Tracer // nil when the run has ended
	engine   *Engine
	jobs     uint64 // seen so far
	operands map[operandName]uint64
	event    metrics.Event // reused: tracers copy what they keep
}

// operandName is a bucketKey that keeps no memory alive.
type operandName struct {
	memory  weak.Pointer[StagingRing] // which lies in it
	base    uintptr
	offset  int
	strides tensor.Dims
}

// maxOperandNames bounds what a trace remembers of the callers' memory.
const maxOperandNames = 1 << 16

func newTrace(e *Engine, to metrics.Tracer) *trace {
	if to == nil {
		return nil
	}
	return &trace{to: to, engine: e, operands: map[operandName]uint64{}}
}

// next clears the event for its next use.
func (t *trace) next(kind metrics.Kind, at time.Time) *metrics.Event {
	shares := t.event.Shares[:0]
	t.event = metrics.Event{Kind: kind, At: t.since(at), Shares: shares}
	return &t.event
}

func (t *trace) since(at time.Time) time.Duration { return at.Sub(t.engine.opened) }

func (t *trace) send() {
	if t.to != nil {
		_ = guard("tracer", func() { t.to.Trace(&t.event) })
	}
}

// arrived: a task was put into a bucket.
func (t *trace) arrived(k *Task) {
	t.jobs++
	k.traced = t.jobs
	e, p := t.next(metrics.KindArrival, k.Arrived), &k.Plan.Problem
	e.Job, e.Operand = k.traced, t.operand(k)
	e.Op, e.Backend = p.Op.String(), k.Plan.Family().String()
	e.Shape = metrics.Shape(p.Written())
	e.DTypes = metrics.DTypes{A: p.A.String(), B: p.B.String(), C: p.C.String()}
	e.Flags = metrics.Flags{
		TransA: p.TransA, TransB: p.TransB, Beta: p.BetaNonZero, Bias: p.Bias,
		Causal: p.Causal, QueryOffset: p.QueryOffset, Mirrored: p.Mirrored, TransV: p.TransV,
	}
	e.Heads = metrics.Heads{Group: p.Group, Values: p.ValueCols}
	e.Priority = k.Class - 1
	if k.Account != nil {
		e.Tenant = k.Account.Tenant
	}
	if !k.Deadline.IsZero() {
		e.Deadline = t.since(k.Deadline)
	}
	t.send()
}

// operand numbers what tasks must share to be computed as one product, 0 where
// they share nothing.
func (t *trace) operand(k *Task) uint64 {
	key := bucketOf(k)
	if key.alone != nil || key == (bucketKey{}) {
		return 0
	}
	name := operandName{base: uintptr(key.base), offset: key.offset, strides: key.strides}
	if key.memory != nil {
		name.memory = weak.Make(key.memory.StagingRing())
	}
	n, known := t.operands[name]
	if !known {
		if len(t.operands) >= maxOperandNames {
			clear(t.operands)
		}
		n = t.jobs // new, and not 0
		t.operands[name] = n
	}
	return n
}

// left: a task was left out because it had ended, by a batch that was being
// filled (no slot) or before one was bound.
func (t *trace) left(k *Task, slot uint64) {
	e := t.next(metrics.KindCancel, t.engine.now())
	e.Job, e.Slot = k.traced, slot
	if o, _ := k.Result(); o != 0 {
		e.Outcome = o.String()
	}
	t.send()
}

// at is an event of a batch that carries nothing but its slot.
func (t *trace) at(kind metrics.Kind, b *Batch) {
	t.next(kind, t.engine.now()).Slot = b.slot
	t.send()
}

// picked: a bucket was picked for the slot, of one dispatcher or of all (nil),
// or nothing could be.
func (t *trace) picked(b *Batch, of *dispatcher, now time.Time, ok bool) {
	e := t.next(metrics.KindPick, now)
	e.Slot = b.slot
	if of != nil {
		e.Op, e.Shard = of.op.String(), t.engine.shardOf(of)
	}
	if ok {
		describePick(e, b)
	}
	t.send()
}

// formed: a batch was filled, or one that was there has taken the slot.
func (t *trace) formed(kind metrics.Kind, b *Batch) {
	e := t.next(kind, b.formed)
	describeForm(e, b)
	t.send()
}

// done: a batch has ended, its jobs have not been told of a failure yet.
func (t *trace) done(b *Batch) {
	e := t.next(metrics.KindDone, t.engine.now())
	e.Slot, e.DeviceTime, e.Dispatches = b.slot, b.timing.Device, len(b.scratch.dispatches)
	e.Ended = t.since(b.ended)
	e.InPlace = len(b.parts) > 0 && b.parts[0].held
	e.Outcome = outcomeOf(b.err)
	t.send()
}

// end: nothing is decided any more.
func (t *trace) end() {
	t.next(metrics.KindEnd, t.engine.now())
	t.send()
	t.to = nil
}

func describePick(e *metrics.Event, b *Batch) {
	e.Picked, e.Class, e.MaxColumns, e.MaxProblems = b.pick, b.class, b.maxColumns, b.maxProblems
}

func describeForm(e *metrics.Event, b *Batch) {
	e.Slot, e.Attempt, e.CloseReason = b.slot, b.attempt, b.reason.String()
	e.Columns, e.Problems = b.columns, b.problems
	for i := range b.parts {
		p := &b.parts[i]
		e.Shares = append(e.Shares, metrics.Share{Job: p.task.traced, From: p.u0, To: p.u1})
	}
}

// outcomeOf tells causes apart as Batch.retry does.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return ""
	case isLost(err) || errors.Is(err, job.ErrHung) || errors.Is(err, job.ErrUnavailable):
		return metrics.OutcomeLost
	case errors.Is(err, device.ErrOutOfMemory):
		return metrics.OutcomeOutOfMemory
	}
	return metrics.OutcomeFailed
}

func (e *Engine) shardOf(d *dispatcher) int {
	for _, ds := range &e.dispatchers {
		for i := range ds {
			if ds[i] == d {
				return i
			}
		}
	}
	return -1
}
