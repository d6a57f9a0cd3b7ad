package actors

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Report tells the engine that something other than a batch, such as a load of
// an operand, found the device lost or hung: it falls as if a batch had. since
// is what Restarts was before the device was asked; when it has been restarted
// since, or is about to be, there is nothing to do. Report returns whether the
// error says that the device is lost. Then, and if it hung, Health is not Up until
// the device was restarted.
func (e *Engine) Report(since int64, err error) (lost bool) {
	lost = isLost(err)
	if (lost || errors.Is(err, job.ErrHung)) && e.health.CompareAndSwap(int32(Up), int32(Restarting)) {
		e.sendDevice(&trouble{since, err, lost})
	}
	return lost
}

// heed gives up the queue for what Report was told, once for each restart.
func (d *desk) heed(m *trouble) {
	e := d.engine
	switch {
	case d.queue == nil: // it was given up, and Health says so
	case d.closing != nil, m.since != e.restarts.Load():
		e.health.Store(int32(Up))
	default:
		if !m.lost {
			e.hangs.Add(1)
		}
		before := d.batches
		d.fall(m.cause, m.lost)
		d.batches = before
		e.troubled.Store(true)
	}
}

// Relieve is Report for what ended well, on the device: what was reported before does
// not count any more when it is asked whether restarts are in vain. Failures of
// batches do: where data arrive kernels may hang still.
func (e *Engine) Relieve(since int64) {
	if e.troubled.Load() {
		e.sendDevice(&relief{since})
	}
}

func (d *desk) relieve(m *relief) {
	if !d.batches && d.queue != nil && m.since == d.engine.restarts.Load() {
		d.forgive()
	}
}

// forgive is for a device that works.
func (d *desk) forgive() {
	d.failures, d.batches = 0, false
	d.engine.troubled.Store(false)
}
