package actors

import "github.com/metallic-sched/metallic-sched/scheduler/job"

// forsake is for a device that was given up: jobs of which nothing has run go to
// the refuge, all others end.
func (d *desk) forsake() {
	var ts []*Task
	if d.engine.Refuge != nil {
		ts = d.waiting()
	}
	d.abandonAll(job.Failed, d.down)
	if len(ts) == 0 {
		return
	}
	if err := guard("refuge", func() { d.engine.Refuge(ts, d.down) }); err != nil {
		for _, t := range ts {
			t.Forsake(d.down)
		}
	}
}

// waiting takes out jobs that nothing was done for: those in buckets, and in
// batches that wait to be committed. A batch that is being compiled is left out.
func (d *desk) waiting() (ts []*Task) {
	for _, ds := range &d.engine.dispatchers {
		for _, owner := range ds {
			for _, t := range owner.shard.takeAll() {
				if t.split != nil {
					t.Forsake(d.down)
				} else {
					ts = append(ts, t)
				}
			}
		}
	}
	kept := d.retries[:0]
	for _, b := range d.retries {
		if ts = append(ts, b.untouched()...); len(b.parts) > 0 {
			kept = append(kept, b)
		} else {
			d.engine.recycle(b)
		}
	}
	clear(d.retries[len(kept):])
	d.retries = kept
	for _, t := range ts {
		t.leaveRing()
		t.tenant, t.taken = nil, 0
	}
	return ts
}

// untouched takes the jobs out of a batch that are in no other and of which
// nothing is held.
func (b *Batch) untouched() (ts []*Task) {
	if b.check != nil {
		return nil
	}
	kept := b.parts[:0]
	for _, p := range b.parts {
		if p.task.split != nil || p.held {
			kept = append(kept, p)
		} else {
			ts = append(ts, p.task)
		}
	}
	clear(b.parts[len(kept):])
	b.parts = kept
	b.count()
	return ts
}

// Forsake ends a task that Config.Refuge was given and has no place for.
func (t *Task) Forsake(err error) {
	t.End(job.Failed, err)
	t.abandon()
}
