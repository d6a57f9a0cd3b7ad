package actors

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// errShut is why a batch was not committed any more.
var errShut = fmt.Errorf("%w: %w", job.ErrClosed, device.ErrClosed)

// shut ends every job but those that are held, now and later.
func (d *desk) shut(m *shut) {
	for _, alarm := range [...]device.Alarm{d.linger, d.nudge} {
		if alarm != nil {
			alarm.Stop()
		}
	}
	if t := d.engine.trace; t != nil {
		t.end()
	}
	d.closing = m
	m.queue = d.queue
	close(d.engine.stopping)
	d.schedule()
	close(m.stopped)
}

// free gives back all staging memory, when the actors have stopped.
func (d *desk) free() {
	if d.dog != nil {
		d.dog.Stop()
	}
	d.engine.freeSpare()
	for _, b := range d.out { // the standing credit
		b.freeMemory()
	}
}

// report tells Close when no batch is out any more.
func (d *desk) report() {
	idle := len(d.out) == 0 || len(d.out) == 1 && d.standing == d.out[0]
	if idle && len(d.cold) == 0 && len(d.retries) == 0 && d.closing.quiet != nil {
		close(d.closing.quiet)
		d.closing.quiet = nil
	}
}

// abandonAll ends every job that waits or is on its way. What the device
// writes in place ends when the device lets go of it.
func (d *desk) abandonAll(o job.Outcome, err error) {
	for _, ds := range &d.engine.dispatchers {
		for _, owner := range ds {
			owner.shard.abandonAll(o, err)
		}
	}
	for _, list := range [...][]*Batch{d.out, d.cold, d.retries} {
		for _, b := range list {
			d.endCheck(b, err)
			for i := range b.parts {
				b.parts[i].task.End(o, err)
			}
		}
	}
}
