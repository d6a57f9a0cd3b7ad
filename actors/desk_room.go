package actors

import (
	"slices"
	"time"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// room reports whether the device has room for another batch. If it will have
// when some time has passed, the device actor is woken then.
func (d *desk) room() bool {
	ok, wait := policy.Room(d.load(), d.handover.Time(d.engine.Handover))
	if wait > 0 && d.closing == nil {
		d.lookForRoomIn(wait)
	}
	return ok
}

func (d *desk) load() policy.Load {
	l := policy.Load{Batches: len(d.out), Depth: d.engine.info.QueueDepth}
	if l.Depth < 2 {
		return l
	}
	for _, b := range d.out {
		if l.Queued += d.deviceShare.Of(b.predicted); b.begun.IsZero() {
			l.Host++
		}
	}
	if len(d.out) > 0 && !d.out[0].begun.IsZero() {
		first := d.out[0]
		began := first.begun
		if d.ended.After(began) { // it waited for the batch before
			began = d.ended
		}
		own := d.deviceShare.Of(first.predicted)
		l.Queued -= own
		l.Running = max(own-time.Since(began), 0) // late, it takes nothing off the others
	}
	return l
}

// begun notes that the device has a batch, and the host is through with it. One
// that has ended meanwhile may be another's by now.
func (d *desk) begun(b *Batch) {
	if b.stage.Load() == idle || !slices.Contains(d.out, b) {
		return
	}
	b.begun = d.engine.now()
	d.handover.Observe(b.begun.Sub(b.formed))
}

func (d *desk) lookForRoomIn(wait time.Duration) {
	if d.nudge == nil {
		d.nudge = d.newAlarm()
	}
	d.nudge.Set(wait)
}

// newAlarm returns one that has the desk look for what to do.
func (d *desk) newAlarm() device.Alarm {
	return device.NewAlarm(d.engine.device, func() { d.engine.sendDevice(isReady) })
}
