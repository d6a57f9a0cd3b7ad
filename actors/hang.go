package actors

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// watch sees to it that the watchdog looks in time. Its timer is not set for
// every batch: it looks once in a while at the batch that runs then.
func (d *desk) watch() {
	if floor := d.engine.Watchdog.Floor; !d.watched && floor > 0 {
		d.lookIn(floor)
	}
}

func (d *desk) lookIn(wait time.Duration) {
	d.watched, d.due = true, d.engine.now().Add(wait)
	if d.dog == nil {
		d.dog = time.AfterFunc(wait, func() { d.engine.sendDevice(isLook) })
		return
	}
	d.dog.Reset(wait)
}

// look is the watchdog: it gives up a queue whose batch takes far too long.
func (d *desk) look() {
	now := d.engine.now()
	d.watched = false
	b, answered := d.eldest()
	if b == nil {
		return // the next commit sets the timer again
	}
	if answered { // just now: the books do not say yet when b began
		d.lookIn(d.engine.Watchdog.Floor)
		return
	}
	began := b.committed
	if d.ended.After(began) { // it waited for the batch before
		began = d.ended
	}
	patience, why := d.engine.Watchdog.Patience(d.foresee(b))
	hung, again := d.engine.Watchdog.Hung(now.Sub(began), now.Sub(d.due), patience)
	if !hung {
		d.lookIn(again)
		return
	}
	d.engine.hangs.Add(1)
	d.fall(fmt.Errorf("%w: no answer for %v, %s", job.ErrHung, now.Sub(began).Round(time.Millisecond), why), false)
}

// eldest returns the batch that the device has had for longest, nil for none,
// and whether the end of another has not been accounted for.
func (d *desk) eldest() (eldest *Batch, answered bool) {
	for _, b := range d.out {
		switch b.stage.Load() {
		case landed:
			answered = true
		case running:
			if eldest == nil || b.committed.Before(eldest.committed) {
				eldest = b
			}
		}
	}
	return eldest, answered
}

// fall gives up the queue. Jobs that the device has are answered; all others
// wait for another queue.
func (d *desk) fall(cause error, lost bool) {
	e := d.engine
	e.health.Store(int32(Restarting))
	e.notify("device queue given up", cause)
	w := newWreckage(d.queue)
	if d.closing != nil { // which has asked it to close
		w = newWreckage(nil)
	}
	d.queue = nil
	d.failures, d.batches = d.failures+1, true
	e.epoch++
	if !errors.Is(cause, job.ErrHung) {
		cause = fmt.Errorf("%w: %w", job.ErrHung, cause)
	}
	for _, b := range slices.Clone(d.out) {
		d.sink(b, w, cause)
	}
	e.dropped = slices.DeleteFunc(e.dropped, (*wreckage).isClean)
	e.dropped = append(e.dropped, w)
	w.letGo()
	if d.closing != nil { // no queue follows: what waited for room comes to its end
		d.schedule()
		return
	}
	d.restart(policy.Trouble{Lost: lost}, cause)
}

// sink gives up a batch if the device has it. The batch itself stays as it is
// until the device ends it; from now on that is no longer anybody's result.
func (d *desk) sink(b *Batch, w *wreckage, cause error) {
	switch {
	case b.stage.Load() == landed: // its end is on its way here
		if b.wreckage == nil { // of an earlier fall, which waits for it
			w.add()
			b.wreckage = w
		}
		return
	case !b.stage.CompareAndSwap(running, sinking):
		return
	}
	w.add()
	b.wreckage = w
	d.takeBack(b)
	d.record(b.ghost(d.engine.now(), cause))
	held := &job.HeldError{Cause: cause, Released: w.gone}
	for i := range b.parts {
		b.parts[i].drown(cause, held)
	}
	if !b.stage.CompareAndSwap(sinking, wrecked) { // it has surfaced meanwhile
		b.salvage()
	}
}

// ghost stands for a batch that was given up, whose own fields the device may
// be about to write, in the books.
func (b *Batch) ghost(now time.Time, err error) *Batch {
	return &Batch{
		Batch: device.Batch{ID: b.ID}, engine: b.engine, lane: b.lane, pick: b.pick,
		check: b.check, ahead: b.ahead, parts: b.parts, problems: b.problems, columns: b.columns,
		reason: b.reason, attempt: b.attempt,
		key: b.key, compiled: b.compiled, oldest: b.oldest, formed: b.formed, committed: b.committed,
		ended: now, err: err, wreckage: b.wreckage,
	}
}

// drown ends the job of a part that the device may never end: at once, even if
// the device writes the job's memory.
func (p *part) drown(cause, held error) {
	s := p.task.split
	claimed := p.inPlace || s != nil && s.holds()
	if claimed {
		cause = held
	}
	p.fail(cause)
	if claimed { // whatever becomes of its other parts
		p.task.Release(job.Failed, held)
	}
}

// isLost reports whether an error says that the device is no longer there.
func isLost(err error) bool {
	return errors.Is(err, device.ErrLost) || errors.Is(err, device.ErrClosed)
}
