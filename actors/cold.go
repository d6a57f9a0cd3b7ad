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

// warm undoes setAside; false if the batch was not set aside.
func (d *desk) warm(b *Batch) bool {
	if !slices.Contains(d.cold, b) {
		return false
	}
	d.cold = without(d.cold, b)
	b.lane.cold--
	return true
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
	if d.warm(b) {
		d.retries = append(d.retries, b)
	}
}
