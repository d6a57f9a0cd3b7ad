package actors

import (
	"sync/atomic"
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
	// has work first; it counts as out.
	standing atomic.Pointer[Batch]
	out      []*Batch // credits and batches that have not come back
	retries  []*Batch // halves of batches that failed
	ids      uint64

	cands  []policy.Candidate
	places []place // where each candidate stands
	linger *time.Timer
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
	case *abandon:
		d.abandonAll()
		close(m.done)
	}
}

// schedule hands out credit while the device has room. When nothing waits the
// last credit is left standing. All actors share one goroutine, so no
// dispatcher can look for a standing credit between the survey and the store.
func (d *desk) schedule() {
	if b := d.standing.Swap(nil); b != nil && !d.begin(b) {
		d.standing.Store(b)
		return
	}
	for policy.Room(len(d.out), d.remaining(), d.engine.Handover, d.engine.info.QueueDepth) {
		b := d.newCredit()
		if !d.begin(b) {
			d.standing.Store(b)
			return
		}
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
	if at := d.out[0].committed; !at.IsZero() {
		sum -= time.Since(at)
	}
	return sum
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
	if d.survey(now); !d.pick(b, now) {
		return false
	}
	d.engine.send(b.shard.owner.pid, (*credit)(b))
	return true
}

func (d *desk) anythingWaits() bool {
	waits := len(d.retries) > 0
	for _, ds := range [...][]*dispatcher{d.engine.matmul, d.engine.softmax} {
		for _, owner := range ds {
			waits = owner.shard.absorb() || waits
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
	d.cands, d.places = d.cands[:0], d.places[:0]
	for _, ds := range [...][]*dispatcher{d.engine.matmul, d.engine.softmax} {
		for _, owner := range ds {
			d.surveyShard(owner, now)
		}
	}
}

func (d *desk) surveyShard(owner *dispatcher, now time.Time) {
	s := owner.shard
	s.absorb()
	for _, l := range s.open {
		c := l.candidate()
		if wait := d.lingers(l, &c, now); wait > 0 {
			d.wakeIn(wait)
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
	var only [job.Classes]policy.Candidate
	best, classes := 0, 0
	for class, at := range c.Oldest {
		if only[class].Oldest[class] = at; !at.IsZero() {
			best, classes = class, classes+1
		}
	}
	if classes > 1 {
		best, _ = policy.Pick(now, only[:], tuning)
	}
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
	l.width = min(d.costs.Columns(max(d.engine.MaxTime, 4*one), w), d.engine.MaxColumns)
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
	b.committed = b.formed
	if d.engine.Timed || d.engine.info.QueueDepth > 1 {
		b.committed = d.engine.now()
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
	if b.stage.CompareAndSwap(committing, running) {
		if d.engine.info.QueueDepth > 1 {
			d.schedule()
		}
		return
	}
	if b.err == nil {
		b.commit()
	}
	d.finish(b)
}

// finish closes the books on a batch whose callers have not been told yet:
// they are, last of all, when the device has its next work.
func (d *desk) finish(b *Batch) {
	b.ended = b.committed.Add(b.timing.Device)
	d.account(b)
	d.schedule()
	b.tell()
	d.engine.recycle(b)
}

// predict returns how long the device will take for a batch.
func (d *desk) predict(b *Batch) time.Duration {
	problems := max(b.problems, 1)
	return time.Duration(problems) * d.costs.Predict(b.work(problems))
}

// work returns the batch's average problem.
func (b *Batch) work(problems int) policy.Work {
	w := policy.WorkOf(b.plan())
	if !b.parts[0].sharesColumns() {
		return w
	}
	return w.Widen(max(b.columns/problems, 1))
}

// account closes the books on a batch: costs, charges, records, and retries
// for what failed.
func (d *desk) account(b *Batch) {
	d.takeBack(b)
	if len(b.parts) > 0 {
		d.settle(b)
	}
}

func (d *desk) settle(b *Batch) {
	if b.err == nil {
		problems := max(b.problems, 1)
		d.costs.Observe(b.work(problems), b.timing.Device/time.Duration(problems))
	}
	b.charge()
	if o := d.engine.Observer; o != nil {
		_ = guard("observer", func() { o.BatchEnded((*Outcome)(b)) })
	}
	if b.err != nil {
		if halves := b.retry(b.err); halves != nil {
			d.retries = append(d.retries, halves...)
			return // the parts belong to the halves now
		}
		for i := range b.parts {
			b.parts[i].fail(failed(b.err))
		}
	}
	for i := range b.parts {
		b.parts[i].leave()
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

func (d *desk) takeBack(b *Batch) {
	for i, x := range d.out {
		if x == b {
			d.out = append(d.out[:i], d.out[i+1:]...)
			return
		}
	}
}

// abandonAll ends every job that waits or is on its way. What the device
// writes in place ends when the device lets go of it.
func (d *desk) abandonAll() {
	for _, ds := range [...][]*dispatcher{d.engine.matmul, d.engine.softmax} {
		for _, owner := range ds {
			owner.shard.abandonAll(job.Cancelled, job.ErrClosed)
		}
	}
	for _, list := range [...][]*Batch{d.out, d.retries} {
		for _, b := range list {
			for i := range b.parts {
				b.parts[i].task.End(job.Cancelled, job.ErrClosed)
			}
		}
	}
}
