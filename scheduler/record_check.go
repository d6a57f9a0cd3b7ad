package scheduler

import (
	"fmt"
	"sync/atomic"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/metrics"
)

// checkCounts count how comparisons of bits came out.
type checkCounts [actors.Mismatched + 1]atomic.Int64

func (n *checkCounts) expose(c *metrics.Counters) {
	for _, r := range []actors.CheckResult{actors.Unchecked, actors.Matched, actors.Mismatched} {
		c.Func(fmt.Sprintf("invariance_checks_total{result=%q}", r),
			"Jobs that were run again alone, by whether the bits of the result were the same.", func() float64 { return float64(n[r].Load()) })
	}
}

// checked counts a batch that was run to compare bits, and reports a mismatch.
func (r *recording) checked(o *actors.Outcome) {
	result := o.Check()
	if result == 0 {
		return
	}
	r.checks[result].Add(1)
	if result == actors.Mismatched {
		r.logger.Error("bits of a result depend on its batch", "id", o.ID(), "kernel", o.Key().Kernel,
			"key", o.Key().String(), "shape", o.Plan().Problem.Shape, "device", r.device)
	}
}
