package actors

import (
	"slices"
	"time"
)

// account closes the books on a batch: costs, charges, records, and retries
// for what failed.
func (d *desk) account(b *Batch) {
	if t := d.engine.trace; t != nil {
		t.done(b)
	}
	if len(b.parts) > 0 && !b.settled {
		// Once, even if the observer ends the goroutine: then b is still out.
		b.settled = true
		if b.check != nil && b.err != nil { // the first run's result stands
			b.commit()
		}
		d.record(b)
	}
	d.takeBack(b)
	d.warm(b)
	if b.ended.After(d.ended) {
		d.ended = b.ended
	}
	if len(b.parts) > 0 {
		d.settle(b)
	}
	if b.err != nil && d.queue != nil && d.closing == nil && b.epoch == d.engine.epoch && isLost(b.err) {
		d.fall(b.err, true)
	}
}

func (d *desk) settle(b *Batch) {
	switch {
	case b.err == nil:
		d.recheck(b)
		return
	case b.check != nil:
		d.engine.loop.tell(&b.settlement)
		return
	}
	if halves := b.retry(b.err); halves != nil {
		d.retries = append(d.retries, halves...)
		clear(b.parts) // they belong to the halves now
		b.parts = b.parts[:0]
	}
	d.blame(b)
	for i := range b.parts {
		b.parts[i].fail(failed(b.err))
	}
}

func (d *desk) record(b *Batch) {
	if b.err == nil {
		w, problems := b.work()
		d.costs.Observe(w, b.timing.Device/time.Duration(problems))
		d.deviceShare.Observe(b.timing.Device, b.timing.Host)
		d.absolve(b)
		if b.wreckage == nil {
			d.forgive()
		}
	}
	if b.check == nil { // nobody asked for it
		b.charge()
	}
	switch o := d.engine.Observer; {
	case o == nil:
	case b.wreckage != nil: // amid a fall, which must come to its end
		isolate("observer", func() { o.BatchEnded((*Outcome)(b)) })
	default:
		_ = guard("observer", func() { o.BatchEnded((*Outcome)(b)) })
	}
}

// charge shares the batch's device time among tenants by columns, in place of
// what they were charged ahead.
func (b *Batch) charge() {
	each := max(float64(b.timing.Device), 0) / float64(max(b.columns, 1))
	if each == 0 && b.ahead == 0 {
		return
	}
	var who *tenant
	units := 0
	for i := range b.parts {
		p := &b.parts[i]
		if p.task.tenant != who {
			who.bill(units, each, b.ahead, b.ended)
			who, units = p.task.tenant, 0
		}
		units += p.units()
	}
	who.bill(units, each, b.ahead, b.ended)
}

func (d *desk) takeBack(b *Batch) { d.out = without(d.out, b) }

func without(list []*Batch, b *Batch) []*Batch {
	if i := slices.Index(list, b); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
