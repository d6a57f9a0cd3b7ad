package actors

import (
	"fmt"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// namedOperand stands for the memory of an operand in a trace. Its number
// keeps two of them apart.
type namedOperand struct{ number uint64 }

// Buffer implements Memory.
func (*namedOperand) Buffer() device.Buffer { return nil }

// Release implements Memory.
func (*namedOperand) Release(int) {}

// StagingRing implements Memory.
func (*namedOperand) StagingRing() *StagingRing { return nil }

// arrive puts a job into its bucket.
func (r *Replayer) arrive(e *metrics.Event) error {
	if r.tasks[e.Job] != nil {
		return fmt.Errorf("job %d has arrived before", e.Job)
	}
	t, err := r.task(e)
	if err != nil {
		return err
	}
	r.result.Arrivals++
	r.tasks[e.Job] = t
	r.engine.dispatcherFor(t.Plan).shard.insertAll(t)
	return nil
}

// task makes the task that an arrival describes. It has no data.
func (r *Replayer) task(e *metrics.Event) (*Task, error) {
	p, err := problemOf(e)
	if err != nil {
		return nil, err
	}
	t := &Task{Keep: true, traced: e.Job, Class: e.Priority + 1, Arrived: r.time(e.At)}
	was := (*kernels.Plan)(nil)
	if t.Plan, was, err = r.plan(p, e.Backend); err != nil {
		return nil, err
	}
	r.result.moved(e.Backend, was, t.Plan)
	t.Form.Problem = p
	t.Units = t.Form.Units()
	t.Account = r.engine.Ledger.Account(e.Tenant)
	if e.Deadline != 0 {
		t.Deadline = r.time(e.Deadline)
	}
	if p.Op == kernels.OpSoftmax {
		t.Form.A = tensor.Window(nil, 8, p.A, tensor.Dims{p.Shape.Batch, p.Shape.M, p.Shape.N}, tensor.Dims{}, 0)
	} else if e.Operand != 0 {
		t.Memory[OperandA] = r.operand(e.Operand)
	}
	return t, nil
}

func (r *Replayer) operand(number uint64) *namedOperand {
	o := r.operands[number]
	if o == nil {
		o = &namedOperand{number}
		r.operands[number] = o
	}
	return o
}

// problemOf reads a problem back.
func problemOf(e *metrics.Event) (p kernels.Problem, err error) {
	f := &e.Flags
	p = kernels.Problem{
		Shape:  kernels.Shape(e.Shape),
		TransA: f.TransA, TransB: f.TransB, BetaNonZero: f.Beta, Bias: f.Bias,
		Mirrored: f.Mirrored, Causal: f.Causal, QueryOffset: f.QueryOffset, TransV: f.TransV,
		Group: e.Heads.Group, ValueCols: e.Heads.Values,
	}
	if f.Mirrored {
		p.Shape = p.Shape.Mirror()
	}
	switch e.Op {
	case kernels.OpMatmul.String():
		p.Op = kernels.OpMatmul
	case kernels.OpSoftmax.String():
		p.Op = kernels.OpSoftmax
	case kernels.OpAttention.String():
		p.Op = kernels.OpAttention
	default:
		return p, fmt.Errorf("op %q is not known; allowed are matmul, softmax, attention", e.Op)
	}
	var errA, errB, errC error
	p.A, errA = tensor.ParseDType(e.DTypes.A)
	p.B, errB = tensor.ParseDType(e.DTypes.B)
	p.C, errC = tensor.ParseDType(e.DTypes.C)
	return p, errsFirst(errA, errB, errC)
}

// leave ends a job that was left out of a batch. The batch that would have had
// it goes on without it.
func (r *Replayer) leave(e *metrics.Event) {
	r.result.Cancels++
	t := r.tasks[e.Job]
	if t == nil {
		return // it has run before
	}
	if s := r.slots[e.Slot]; s != nil && s.stage == flying {
		s.batch.leaveOut(t)
	}
	if e.Outcome == job.Expired.String() {
		t.End(job.Expired, job.ErrExpired)
	} else {
		t.End(job.Cancelled, job.ErrCancelled)
	}
}

// leaveOut takes one job's part out of a batch.
func (b *Batch) leaveOut(t *Task) {
	i := slices.IndexFunc(b.parts, func(p part) bool { return p.task == t })
	if i < 0 {
		return
	}
	var r releases
	t.tenant.bill(b.parts[i].units(), 0, b.ahead, time.Time{})
	b.parts[i].leave(&r)
	r.flush()
	b.parts = slices.Delete(b.parts, i, i+1)
}
