package actors

import (
	"runtime"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// gatherRounds bounds how often others are let run while time stands still, as it
// may in tests. Where it passes, the budget ends the wait.
const gatherRounds = 1 << 15

// gather lets the callers of a batch, who have just been told, submit again
// before the next batch is formed. When that was in vain it is left for a
// while.
func (d *desk) gather(b *Batch) {
	patience := policy.Gather(b.callers, b.timing.Device, d.engine.info.QueueDepth)
	switch {
	case patience == policy.Patience{} || d.closing != nil:
		return
	case d.gatherRests > 0:
		d.gatherRests--
		return
	}
	before := d.engine.Ledger.InFlight()
	now := d.engine.await(before, b.inFlight, patience)
	if before < b.inFlight && now-before <= (b.inFlight-before)/4 {
		d.gatherRest = min(max(2*d.gatherRest, minRest), maxRest)
		d.gatherRests = d.gatherRest
	} else {
		d.gatherRest = 0
	}
	d.absorb()
}

// absorb takes in what was submitted and not taken yet.
func (d *desk) absorb() {
	for _, ds := range &d.engine.dispatchers {
		for _, owner := range ds {
			owner.shard.absorb()
		}
	}
}

// await lets others run until enough jobs are in flight again, or the patience
// is at its end, and returns how many are. before is how many there were.
func (e *Engine) await(before, enough int64, p policy.Patience) (now int64) {
	start := time.Now()
	now, last := before, start // when one came last
	for n := 0; n < gatherRounds && now < enough; n++ {
		runtime.Gosched()
		was, at := now, time.Now()
		if now = e.Ledger.InFlight(); now > was {
			last = at
		}
		if at.Sub(last) >= p.Next || at.Sub(start) >= p.All {
			break
		}
	}
	return now
}
