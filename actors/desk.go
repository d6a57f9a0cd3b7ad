package actors

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// desk is the device actor's state: the command queue, which nobody else
// touches, the batches it has out and the device's one picker. It outlives
// the actor.
type desk struct {
	engine *Engine
	queue  device.Queue
	costs  *policy.CostModel
	// standing is the credit that an idle device leaves for the dispatcher that
	// has work first; it counts as out. All actors share one goroutine.
	standing *Batch
	out      []*Batch // credits and batches that have not come back
	cold     []*Batch // their kernels are being compiled
	retries  []*Batch // halves of batches that failed, and what was cold
	ids      uint64
	ended    time.Time // when the device was done with the batch before
	closing  *shut     // since the engine closes, else nil

	cands   []policy.Candidate
	places  []place       // where each candidate stands
	soonest time.Duration // until the first lane has lingered, 0 for none
	linger  *time.Timer
}

// place is where a candidate stands.
type place struct {
	owner *dispatcher
	lane  *lane
}

func newDesk(e *Engine, q device.Queue) *desk {
	return &desk{engine: e, queue: q, costs: e.Costs}
}

// receive is the device actor.
func (d *desk) receive(message any) {
	switch m := message.(type) {
	case *ready, *actor.Started:
		d.schedule()
	case *bound:
		d.commit((*Batch)(m))
	case *completed:
		d.account((*Batch)(m))
		d.schedule()
		d.engine.recycle((*Batch)(m))
	case *compiled:
		d.resume((*Batch)(m))
	case *shut:
		d.shut(m)
	}
	if d.closing != nil {
		d.report()
	}
}

// schedule hands out credit while the device has room. When nothing waits the
// last credit is left standing. A credit stands until it is on its way, so
// that a panic loses none.
func (d *desk) schedule() {
	if d.closing != nil {
		d.abandonAll() // what was submitted while the engine closed
	}
	for {
		if d.standing == nil {
			if !policy.Room(len(d.out), d.remaining(), d.engine.Handover, d.engine.info.QueueDepth) {
				return
			}
			d.standing = d.newCredit()
		}
		if !d.begin(d.standing) {
			return
		}
		d.standing = nil
	}
}

// newCredit returns an empty batch that counts as out.
func (d *desk) newCredit() *Batch {
	b := d.engine.newBatch()
	d.ids++
	b.ID, b.Profile = d.ids, d.engine.Profile
	b.predicted, b.committed = 0, time.Time{}
	d.out = append(d.out, b)
	return b
}

// remaining predicts how long the device is busy with what it has.
func (d *desk) remaining() time.Duration {
	if len(d.out) == 0 || d.engine.info.QueueDepth < 2 {
		return 0
	}
	var sum time.Duration
	for _, b := range d.out {
		sum += b.predicted
	}
	first := d.out[0]
	if first.committed.IsZero() {
		return sum
	}
	began := first.committed
	if d.ended.After(began) { // it waited for the batch before
		began = d.ended
	}
	return sum - min(first.predicted, time.Since(began)) // late, it takes nothing off the others
}

// begin sends the next piece of work on its way, a retry or the bucket that
// the picker chooses; false if nothing waits.
func (d *desk) begin(b *Batch) bool {
	if !d.anythingWaits() {
		return false
	}
	now := d.engine.now()
	if n := len(d.retries); n > 0 {
		retry := d.retries[n-1]
		d.retries = d.retries[:n-1]
		d.takeBack(b)
		d.engine.recycle(b)
		d.out = append(d.out, retry)
		retry.formed, retry.committed = now, time.Time{}
		d.engine.send(d.engine.kernels[retry.plan().Row.Family], (*formed)(retry))
		return true
	}
	d.survey(now)
	if d.soonest > 0 {
		d.wakeIn(d.soonest)
	}
	if !d.pick(b, now) {
		return false
	}
	d.engine.send(b.shard.owner.pid, (*credit)(b))
	return true
}

func (d *desk) anythingWaits() bool {
	waits := len(d.retries) > 0
	for _, ds := range [...][]*dispatcher{d.engine.matmul, d.engine.softmax} {
		for _, owner := range ds {
			waits = owner.shard.waits() || waits
		}
	}
	return waits
}

// pickFrom makes a credit out for one dispatcher's work; false if none waits.
func (d *desk) pickFrom(b *Batch, owner *dispatcher) bool {
	now := d.engine.now()
	d.cands, d.places = d.cands[:0], d.places[:0]
	d.surveyShard(owner, now)
	return d.pick(b, now)
}

// pick makes a credit out for the candidate that comes next.
func (d *desk) pick(b *Batch, now time.Time) bool {
	i, why := policy.Pick(now, d.cands, d.engine.Tuning)
	if i < 0 {
		return false
	}
	l := d.places[i].lane
	b.lane, b.shard, b.pick, b.formed = l, d.places[i].owner.shard, why, now
	b.class = bestClass(now, &d.cands[i], d.engine.Tuning)
	b.lingered = d.engine.Linger > 0
	b.maxColumns, b.maxProblems = d.limits(l)
	return true
}

// survey collects a candidate for every lane in which something waits.
func (d *desk) survey(now time.Time) {
	d.cands, d.places, d.soonest = d.cands[:0], d.places[:0], 0
	for _, ds := range [...][]*dispatcher{d.engine.matmul, d.engine.softmax} {
		for _, owner := range ds {
			d.surveyShard(owner, now)
		}
	}
}

func (d *desk) surveyShard(owner *dispatcher, now time.Time) {
	s := owner.shard
	for _, l := range s.open {
		if l.cold > 0 { // gathers until its kernel is there
			continue
		}
		c := l.candidate()
		if wait := d.lingers(l, &c, now); wait > 0 {
			if d.soonest == 0 || wait < d.soonest {
				d.soonest = wait
			}
			continue
		}
		d.cands = append(d.cands, c)
		d.places = append(d.places, place{owner, l})
	}
}

// candidate is what the picker sees of the lane: its longest waiting jobs.
func (l *lane) candidate() policy.Candidate {
	c := policy.Candidate{Oldest: l.oldest(), TenantUsed: -1}
	for i := range l.classes {
		b := l.classes[i].head
		if b == nil {
			continue
		}
		t := b.queues[i].head
		if used := t.Account.Used(); c.TenantUsed < 0 || used < c.TenantUsed {
			c.TenantUsed = used
		}
		if dl := t.Deadline; !dl.IsZero() && (c.Deadline.IsZero() || dl.Before(c.Deadline)) {
			c.Deadline = dl
		}
	}
	return c
}

// lingers returns how long the lane should wait for companions still.
func (d *desk) lingers(l *lane, c *policy.Candidate, now time.Time) time.Duration {
	if d.engine.Linger <= 0 || l.jobs >= d.engine.MaxColumns {
		return 0
	}
	var oldest time.Time
	for _, at := range c.Oldest {
		if !at.IsZero() && (oldest.IsZero() || at.Before(oldest)) {
			oldest = at
		}
	}
	return oldest.Add(d.engine.Linger).Sub(now)
}

func (d *desk) wakeIn(wait time.Duration) {
	if d.linger == nil {
		d.linger = time.AfterFunc(wait, func() { d.engine.sendDevice(isReady) })
		return
	}
	d.linger.Reset(wait)
}

// bestClass returns the class whose longest waiting job stands highest.
func bestClass(now time.Time, c *policy.Candidate, tuning policy.PickTuning) int {
	last, classes := 0, 0
	for class := range c.Oldest {
		if !c.Oldest[class].IsZero() {
			last, classes = class, classes+1
		}
	}
	if classes == 1 {
		return last
	}
	var only [job.Classes]policy.Candidate
	for class := range c.Oldest {
		only[class].Oldest[class] = c.Oldest[class]
	}
	best, _ := policy.Pick(now, only[:], tuning)
	return best
}

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
	if budget := max(d.engine.MaxTime, 4*one); l.key.single {
		l.width = min(d.costs.Columns(budget, w), d.engine.MaxColumns)
	} else { // cut by matrices
		w.Shape.Batch = 1
		one = max(d.costs.Predict(w), 1)
		l.width = int(min(max(budget/one, 1), time.Duration(d.engine.MaxColumns)))
	}
	l.group = int(min(max(d.engine.GroupTime/one, 1), time.Duration(d.engine.MaxProblems)))
	l.measured++
	l.rest = min(l.measured, 64) // the model learns most from the first batches
}

// work returns what one unit of the lane's first job is.
func (d *desk) work(l *lane) policy.Work {
	for i := range l.classes {
		if b := l.classes[i].head; b != nil {
			return policy.WorkOf(b.queues[i].head.Plan)
		}
	}
	return policy.Work{
		Family: l.key.family, A: l.key.a, B: l.key.b, C: l.key.c,
		Shape: kernels.Shape{Batch: 1, M: l.key.m, N: 1, K: l.key.k},
	}
}

// commit hands a bound batch to the device. One that could not be bound, or
// has nothing left in it, comes to its end here; so does one that the device
// finishes before it returns.
func (d *desk) commit(b *Batch) {
	if b.stage.Load() != idle { // delivered again after a panic
		d.committed(b)
		return
	}
	b.committed = b.formed
	if d.engine.Timed || d.engine.info.QueueDepth > 1 {
		b.committed = d.engine.now()
	}
	if d.closing != nil { // nobody waits for it, except for what is held
		b.refused = errsFirst(b.refused, errShut)
	}
	if b.refused != nil || len(b.parts) == 0 {
		b.timing, b.err = device.Timing{}, b.refused
		d.finish(b)
		return
	}
	if d.engine.info.QueueDepth > 1 {
		b.predicted = d.predict(b)
	}
	b.stage.Store(committing)
	if err := guard("device queue", func() { d.queue.Commit(&b.Batch) }); err != nil {
		b.stage.CompareAndSwap(committing, running)
		b.complete(device.Timing{}, err)
		return
	}
	d.committed(b)
}

// committed goes on after Commit has returned.
func (d *desk) committed(b *Batch) {
	if b.stage.CompareAndSwap(committing, running) {
		if d.engine.info.QueueDepth > 1 {
			d.schedule()
		}
		return
	}
	if b.stage.CompareAndSwap(endedEarly, finishing) && b.err == nil {
		b.commit()
	}
	if b.stage.Load() == finishing {
		d.finish(b)
	}
}

// finish closes the books on a batch whose callers have not been told yet:
// they are, last of all, when the device has its next work.
func (d *desk) finish(b *Batch) {
	b.ended = b.committed.Add(b.timing.Device)
	d.account(b)
	d.schedule()
	b.leave() // before the callers, who take the tasks with them
	d.engine.loop.tell(&b.settlement)
	d.engine.recycle(b)
}

// predict returns how long the device will take for a batch.
func (d *desk) predict(b *Batch) time.Duration {
	w, problems := b.work()
	return time.Duration(problems) * d.costs.Predict(w)
}

// work returns the batch's average problem and how many there are.
func (b *Batch) work() (w policy.Work, problems int) {
	w, problems = policy.WorkOf(b.plan()), max(len(b.scratch.dispatches), 1)
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

// account closes the books on a batch: costs, charges, records, and retries
// for what failed.
func (d *desk) account(b *Batch) {
	d.takeBack(b)
	d.warm(b)
	if b.ended.After(d.ended) {
		d.ended = b.ended
	}
	if len(b.parts) > 0 {
		d.settle(b)
	}
}

func (d *desk) settle(b *Batch) {
	if !b.settled {
		b.settled = true // once, even if the observer panics
		d.record(b)
	}
	if b.err == nil {
		return
	}
	if halves := b.retry(b.err); halves != nil {
		d.retries = append(d.retries, halves...)
		clear(b.parts) // they belong to the halves now
		b.parts = b.parts[:0]
	}
	for i := range b.parts {
		b.parts[i].fail(failed(b.err))
	}
}

func (d *desk) record(b *Batch) {
	if b.err == nil {
		w, problems := b.work()
		d.costs.Observe(w, b.timing.Device/time.Duration(problems))
	}
	b.charge()
	if o := d.engine.Observer; o != nil {
		_ = guard("observer", func() { o.BatchEnded((*Outcome)(b)) })
	}
}

// charge shares the batch's device time among tenants by columns.
func (b *Batch) charge() {
	if b.timing.Device <= 0 {
		return
	}
	each := float64(b.timing.Device) / float64(max(b.columns, 1))
	var account *job.Account
	units := 0
	for i := range b.parts {
		p := &b.parts[i]
		if p.task.Account != account {
			account.Charge(time.Duration(each * float64(units)))
			account, units = p.task.Account, 0
		}
		units += max(p.u1-p.u0, 1)
	}
	account.Charge(time.Duration(each * float64(units)))
}

func (d *desk) takeBack(b *Batch) { d.out = without(d.out, b) }

func without(list []*Batch, b *Batch) []*Batch {
	if i := slices.Index(list, b); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
