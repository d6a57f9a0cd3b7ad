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
	budget := policy.Gather(b.callers, b.timing.Device, d.engine.info.QueueDepth)
	switch {
	case budget == 0 || d.closing != nil:
		return
	case d.gatherRests > 0:
		d.gatherRests--
		return
	}
	before := d.engine.Ledger.InFlight()
	start, now := time.Now(), before
	for n := 0; n < gatherRounds && now < b.inFlight && time.Since(start) < budget; n++ {
		runtime.Gosched()
		now = d.engine.Ledger.InFlight()
	}
	if before < b.inFlight && now-before <= (b.inFlight-before)/4 {
		d.gatherRest = min(max(2*d.gatherRest, minRest), maxRest)
		d.gatherRests = d.gatherRest
	} else {
		d.gatherRest = 0
	}
	for _, ds := range [...][]*dispatcher{d.engine.matmul, d.engine.softmax} {
		for _, owner := range ds {
			owner.shard.absorb()
		}
	}
}
