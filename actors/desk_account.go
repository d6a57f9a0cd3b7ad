package actors

import (
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// account closes the books on a batch: costs, charges, records, and retries
// for what failed.
func (d *desk) account(b *Batch) {
	if t := d.engine.trace; t != nil {
		t.done(b)
	}
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
