package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// desk is the device actor's state: the command queue, which nobody else
// touches, the batches it has out and the device's one picker. It outlives
// the actor.
type desk struct {
	engine *Engine
	door   mailbox
	queue  device.Queue // nil while there is none
	costs  *policy.CostModel
	// standing is the credit that an idle device leaves for the dispatcher that
	// has work first; it counts as out. All actors share one goroutine.
	standing    *Batch
	out         []*Batch // credits and batches that have not come back
	cold        []*Batch // their kernels are being compiled
	retries     []*Batch // halves of batches that failed, and what was cold
	ids         uint64
	failures    int   // hangs, losses and restarts in vain since forgive
	batches     bool  // a batch was among them, not only what Report was told
	down        error // why there is no device any more, nil while there may be
	handover    policy.Handover
	deviceShare policy.DeviceShare // the part of a batch's time that the device works, not the host
	nudge       device.Alarm       // when there will be room
	ended       time.Time          // when the device was done with the batch before
	closing     *shut              // since the engine closes, else nil

	cands   []policy.Candidate
	places  []place       // where each candidate stands
	soonest time.Duration // until the first lane has lingered, 0 for none
	linger  device.Alarm  // when it has

	gatherRests int // batches left after which callers are not waited for
	gatherRest  int // how many there were

	dog     *time.Timer // the watchdog's
	watched bool        // it will look
	due     time.Time   // when
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
	case *begun:
		d.begun((*Batch)(m))
		d.schedule()
	case *completed:
		d.account((*Batch)(m))
		d.gather((*Batch)(m))
		d.schedule()
		d.engine.recycle((*Batch)(m))
	case *compiled:
		d.resume((*Batch)(m))
	case *look:
		d.look()
	case *trouble:
		d.heed(m)
	case *relief:
		d.relieve(m)
	case *revived:
		d.resurrect(m)
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
	if d.engine.info.QueueDepth > 1 {
		d.absorb() // the batch takes all that came until now; before a refuge does
	}
	switch { // what was submitted when nothing can run any more
	case d.closing != nil:
		d.abandonAll(job.Cancelled, job.ErrClosed)
	case d.down != nil:
		d.forsake()
	case d.queue == nil: // it waits for another
		return
	}
	for {
		if d.standing == nil {
			if !d.room() {
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
	b.ID, b.slot, b.Profile = d.ids, d.ids, d.engine.Profile
	b.predicted, b.committed, b.begun = 0, time.Time{}, time.Time{}
	d.out = append(d.out, b)
	if t := d.engine.trace; t != nil {
		t.at(metrics.KindSlot, b)
	}
	return b
}

// begin sends the next piece of work on its way, a retry or the bucket that
// the picker chooses; false if nothing waits.
func (d *desk) begin(b *Batch) bool {
	if !d.anythingWaits() {
		return false
	}
	now := d.engine.now()
	if retry := d.retry(b, now); retry != nil {
		d.engine.send(d.engine.kernels[retry.plan().Row.Family], (*formed)(retry))
		return true
	}
	ok := d.pickFromAll(b, now)
	if d.soonest > 0 {
		d.wakeIn(d.soonest)
	}
	if ok {
		d.engine.send(b.shard.owner.pid, (*credit)(b))
	}
	return ok
}

// retry puts a batch that waits for the device in the place of a credit; nil
// if there is none.
func (d *desk) retry(b *Batch, now time.Time) *Batch {
	if len(d.retries) == 0 {
		return nil
	}
	retry := firstFormed(d.retries)
	d.retries = without(d.retries, retry)
	retry.slot = b.slot
	d.takeBack(b)
	d.engine.recycle(b)
	d.out = append(d.out, retry)
	retry.formed, retry.committed, retry.begun = now, time.Time{}, time.Time{}
	if t := d.engine.trace; t != nil {
		t.formed(metrics.KindRetry, retry)
	}
	return retry
}

// firstFormed returns the batch that was formed first: what was set aside, such
// as for a kernel, overtakes nobody when it comes back. Of the halves of one it
// returns the last, so that few wait at a time.
func firstFormed(batches []*Batch) *Batch {
	first := batches[0]
	for _, b := range batches[1:] {
		if b.ID <= first.ID {
			first = b
		}
	}
	return first
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
	if b.refused == nil {
		b.refused = d.down
	}
	if d.strays(b) {
		d.putBack(b)
		return
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
		b.stage.Store(running)
		b.complete(device.Timing{}, err)
		return
	}
	d.committed(b)
}

// committed goes on after Commit has returned.
func (d *desk) committed(b *Batch) {
	if b.stage.CompareAndSwap(committing, running) {
		d.watch()
		if info := &d.engine.info; info.QueueDepth > 1 && !info.Begins {
			d.begun(b)
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
