package main

import (
	"fmt"
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// loadLine says how a load goes on.
func loadLine(r *loadtest.Runner) string {
	p, ok := r.Progress()
	if !ok {
		return ""
	}
	line := fmt.Sprintf("stage %d: %s  %.1f of %.1f s  %d in flight", p.Number, p.Stage, p.Elapsed.Seconds(), p.Length.Seconds(), p.InFlight)
	if w := p.Window; w != nil && w.Length > 0 {
		var all loadtest.Histogram
		for i := range w.Kinds {
			all.Merge(&w.Kinds[i].Intended)
		}
		line += fmt.Sprintf("  %.0f/s", float64(w.Sent)/w.Length.Seconds())
		if w.Warm {
			line += "  warming up"
		} else {
			line += fmt.Sprintf("  p50 %v  p99 %v", rough(all.Quantile(0.5)), rough(all.Quantile(0.99)))
		}
		if w.Late > 0 {
			line += fmt.Sprintf("  %d LATE", w.Late)
		}
	}
	if p.Lost > 0 {
		line += fmt.Sprintf("  %d LOST", p.Lost)
	}
	return line
}

// rough rounds a time to three digits or so.
func rough(d time.Duration) time.Duration {
	step := time.Duration(1)
	for step*1000 < d {
		step *= 10
	}
	return d.Round(step)
}
