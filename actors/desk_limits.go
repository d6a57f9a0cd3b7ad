package actors

import (
	"time"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// limits returns how much of a lane one batch may take, by the cost model.
func (d *desk) limits(l *lane) (columns, problems int) {
	if l.rest--; l.rest < 0 {
		d.measure(l)
	}
	return l.width, l.group
}

// measure works out a lane's limits. Work that takes long for a single column
// may still be widened: four times as long is far less than one after another.
func (d *desk) measure(l *lane) {
	w := d.work(l)
	one := max(d.costs.Predict(w.Widen(1)), 1)
	budget := max(d.engine.MaxTime, 4*one)
	switch {
	case l.key.single:
		l.width = min(d.costs.Columns(budget, w), d.engine.MaxColumns)
	case l.key.family == kernels.FamilyChain: // by heads, in launches that all share
		l.width = min(d.costs.Columns(budget, w), d.engine.MaxColumns)
		one = max(d.costs.Predict(w.Widen(2))-one, 1)
	default: // cut by matrices
		w.Shape.Batch = 1
		one = max(d.costs.Predict(w), 1)
		l.width = int(min(max(budget/one, 1), time.Duration(d.engine.MaxColumns)))
	}
	l.group = int(min(max(d.engine.GroupTime/one, 1), time.Duration(d.engine.MaxProblems)))
	l.measured++
	l.rest = min(l.measured, 64) // the model learns most from the first batches
}

// ahead predicts the nanoseconds that a unit of a batch from the lane will
// take, if that has to be known before the batch has ended: because tenants
// take turns in it, or another may be picked meanwhile.
func (d *desk) ahead(l *lane, columns int) float64 {
	if d.engine.info.QueueDepth <= 1 && !l.contested() {
		return 0
	}
	w := d.work(l)
	switch {
	case l.key.family == kernels.FamilyChain:
		return float64(d.costs.Predict(w)) / float64(max(w.Shape.Batch, 1))
	case !l.key.single:
		w.Shape.Batch = 1
		return float64(d.costs.Predict(w))
	}
	n := max(min(l.jobs, columns), 1)
	return float64(d.costs.Predict(w.Widen(n))) / float64(n)
}

// work returns what one unit of the lane's first job is.
func (d *desk) work(l *lane) policy.Work {
	for i := range l.classes {
		if c := l.classes[i].first(); c != nil {
			return policy.WorkOf(c.head.tasks.head.Plan)
		}
	}
	return policy.Work{
		Family: l.key.family, A: l.key.a, B: l.key.b, C: l.key.c,
		Shape: kernels.Shape{Batch: 1, M: l.key.m, N: max(l.key.width, 1), K: l.key.k},
	}
}

// predict returns how long the device will take for a batch.
func (d *desk) predict(b *Batch) time.Duration {
	w, problems := b.work()
	return time.Duration(problems) * d.costs.Predict(w)
}

// foresee is predict with how far that can be trusted.
func (d *desk) foresee(b *Batch) policy.Foresight {
	w, problems := b.work()
	f := d.costs.Foresee(w)
	f.Predicted *= time.Duration(problems)
	return f
}

// work returns the batch's average problem and how many there are.
func (b *Batch) work() (w policy.Work, problems int) {
	w, problems = policy.WorkOf(b.plan()), max(len(b.scratch.dispatches), 1)
	if w.Family == kernels.FamilyChain {
		problems = max(len(b.parts), 1)
	}
	extent := 0
	for i := range b.parts {
		extent += b.parts[i].extent()
	}
	extent = max(extent/problems, 1)
	if w.Family.Op() == kernels.OpMatmul && w.Shape.Batch != 1 {
		w.Shape.Batch = extent
		return w, problems
	}
	return w.Widen(extent), problems
}

// extent returns the part's rows (softmax), matrices or columns.
func (p *part) extent() int {
	if p.task.Plan.Problem.Op == kernels.OpSoftmax {
		d := p.rows()
		return d[0] * d[1]
	}
	return p.u1 - p.u0
}
