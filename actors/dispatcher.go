package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
)

// dispatcher is the actor that looks after a shard: it sorts what comes in
// into buckets and fills batches when the device actor gives it credit.
type dispatcher struct {
	engine *Engine
	op     kernels.Op
	shard  *shard
	pid    *actor.PID
	door   mailbox
}

func (e *Engine) newDispatcher(op kernels.Op) *dispatcher {
	stripes := 1
	if e.Lend && !e.apart {
		stripes = processors()
	}
	d := &dispatcher{engine: e, op: op, shard: newShard(stripes, e.tenants)}
	d.shard.owner, d.shard.trace = d, e.trace
	d.pid = e.spawnAt(&d.door, op.String(), d.receive)
	return d
}

// put adds tasks to the inbox, from any goroutine. Whoever finds it empty sees
// to it that they are taken: by the goroutine itself, if it may run the actors
// and nobody else does.
func (d *dispatcher) put(newest, oldest *Task) {
	e := d.engine
	switch {
	case !d.shard.put(newest, oldest):
	case e.Lend && d.own():
		d.door.PostUserMessage(wakeNear)
		e.loop.lend()
	default:
		d.door.PostUserMessage(wakeUp)
	}
}

// own makes the goroutine the loop's owner. It waits for that only where the
// processors compute: many that do at a time hold each other up, and everybody
// whom the device has answered.
func (d *dispatcher) own() bool {
	if d.engine.apart {
		return d.engine.loop.tryOwn()
	}
	return d.engine.loop.ownSoon()
}

func (d *dispatcher) receive(message any) {
	switch m := message.(type) {
	case *wake:
		if m.near {
			d.engine.loop.learn(d.shard.absorbOne())
		} else {
			d.shard.absorb()
		}
		if d.shard.waits() {
			d.useStanding()
		}
	case *actor.Started: // after a restart the wake-up may be lost
		if d.shard.absorb() {
			d.useStanding()
		}
	case *credit:
		d.fill((*Batch)(m))
	}
}

// useStanding takes the credit that an idle device leaves for whoever has
// work first. While there is none the device is busy and will pick later.
func (d *dispatcher) useStanding() {
	desk := d.engine.desk
	if d.engine.Linger > 0 || desk.closing != nil || desk.queue == nil { // the device actor decides
		d.engine.sendDevice(isReady)
		return
	}
	if b := desk.standing; b != nil && desk.pickFrom(b, d, d.engine.now()) {
		desk.standing = nil
		d.fill(b)
	}
}

// fill closes a batch and passes it on. One that stays empty goes straight
// back.
func (d *dispatcher) fill(b *Batch) {
	err := guard("dispatcher", func() { d.shard.fill(b) })
	switch {
	case err != nil || len(b.parts) == 0:
		b.refused = err
		d.engine.sendDevice((*bound)(b))
	default:
		b.reason = b.whyClosed()
		if d.engine.Sample.On() {
			b.sample()
		}
		d.engine.send(d.engine.kernels[b.plan().Row.Family], (*formed)(b))
	}
	if t := d.engine.trace; t != nil {
		t.formed(metrics.KindForm, b)
	}
}

func (b *Batch) whyClosed() CloseReason {
	switch {
	case b.columns >= b.maxColumns, len(b.parts) > 1 && len(b.parts) >= b.engine.MaxJobs:
		return Full
	case b.lingered:
		return Lingered
	case len(b.parts) == 1:
		return Alone
	}
	return SlotFree
}
