package actors

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/metrics"
)

// setAside takes a batch whose kernel is not there yet off the books: others
// may run meanwhile. Its lane waits, so that jobs gather for the same kernel.
func (d *desk) setAside(b *Batch) {
	if t := d.engine.trace; t != nil {
		t.at(metrics.KindCold, b)
	}
	d.takeBack(b)
	if !slices.Contains(d.cold, b) {
		d.cold = append(d.cold, b)
		b.lane.cold++
	}
}

// overtakes reports whether a batch of the same lane that was formed before
// waits for its kernel.
func (d *desk) overtakes(b *Batch) bool {
	return b.lane.cold > 0 && slices.ContainsFunc(d.cold, func(other *Batch) bool {
		return other.lane == b.lane && other.ID < b.ID
	})
}

// warm undoes setAside for a batch that comes back by another way.
func (d *desk) warm(b *Batch) {
	if i := slices.Index(d.cold, b); i >= 0 {
		d.unset(i)
		d.thaw()
	}
}

// unset takes a batch that was set aside off the list of these.
func (d *desk) unset(i int) {
	b := d.cold[i]
	d.cold = slices.Delete(d.cold, i, i+1)
	b.lane.cold--
	b.thawed = false
}

// resume lets a batch that was set aside go on, as soon as the device has room.
func (d *desk) resume(b *Batch) {
	d.revive(b)
	d.schedule()
}

func (d *desk) revive(b *Batch) {
	if t := d.engine.trace; t != nil {
		t.at(metrics.KindWarm, b)
	}
	if slices.Contains(d.cold, b) {
		b.thawed = true
		d.thaw()
	}
}

// thaw makes retries of the batches whose kernels are there, except those that
// would overtake another of their lane.
func (d *desk) thaw() {
	for i := 0; i < len(d.cold); {
		b := d.cold[i]
		earlier := slices.ContainsFunc(d.cold[:i], func(other *Batch) bool { return other.lane == b.lane })
		if !b.thawed || earlier {
			i++
			continue
		}
		d.unset(i)
		d.retries = append(d.retries, b)
	}
}
