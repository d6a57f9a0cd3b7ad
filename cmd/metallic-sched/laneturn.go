package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/decode"
)

// laneTurn describes the lane whose turn it is.
type laneTurn struct {
	mu   sync.Mutex
	name string
	lane *decode.Lane
	// what the lane had done when its turn began
	began time.Time
	jobs  int64
	sum   decode.BatchSum
}

// begin says whose turn it is.
func (t *laneTurn) begin(name string, l *decode.Lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.name, t.lane, t.began = name, l, time.Now()
	t.jobs, t.sum = l.Progress()
}

func (t *laneTurn) line(now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.lane == nil {
		return ""
	}
	jobs, sum := t.lane.Progress()
	done := decode.BatchSum{Batches: sum.Batches - t.sum.Batches, Jobs: sum.Jobs - t.sum.Jobs}
	rate := float64(jobs-t.jobs) / now.Sub(t.began).Seconds()
	return fmt.Sprintf("%-7s  %d jobs  %.0f jobs/s  mean batch %.1f", t.name, jobs, rate, done.MeanJobs())
}
