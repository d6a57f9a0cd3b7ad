package main

import (
	"strings"
	"sync"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// batchWatch counts like batches until they are taken away.
type batchWatch struct {
	mu     sync.Mutex
	counts map[loadtest.BatchCount]*loadtest.BatchCount
}

func newBatchWatch() *batchWatch {
	return &batchWatch{counts: map[loadtest.BatchCount]*loadtest.BatchCount{}}
}

// watchBatches makes a scheduler tell its batches, beside whoever is told them
// already.
func watchBatches(cfg *scheduler.Config) *batchWatch {
	w := newBatchWatch()
	if cfg.Recorder == nil {
		cfg.Recorder = w
	} else {
		cfg.Recorder = metrics.Multi{cfg.Recorder, w}
	}
	return w
}

// Record implements metrics.Recorder.
func (w *batchWatch) Record(d *metrics.Decision) {
	if d.Check != "" { // a job that was run again
		return
	}
	variant := strings.TrimSuffix(d.Op+" "+d.Plan.Backend+" "+d.Plan.Variant, " -")
	key := loadtest.BatchCount{Variant: variant, Close: d.CloseReason, Jobs: d.Jobs}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.counts[key]
	if c == nil {
		c = &loadtest.BatchCount{Variant: key.Variant, Close: key.Close, Jobs: key.Jobs}
		w.counts[key] = c
	}
	c.Count++
	c.Device += d.DeviceTime
}

// take returns what was counted since the last time.
func (w *batchWatch) take() (counts []loadtest.BatchCount) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, c := range w.counts {
		counts = append(counts, *c)
		delete(w.counts, key)
	}
	return counts
}
