package metrics

import (
	"fmt"
	"io"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	vm "github.com/VictoriaMetrics/metrics"
)

// prefix begins every name that Counters expose.
const prefix = "metallic_sched_"

// Counters count batches and jobs and expose them in the Prometheus text
// format; histograms have VictoriaMetrics' vmrange buckets. Methods may be
// called from any goroutine.
type Counters struct {
	set *vm.Set

	creating sync.Mutex
	series   atomic.Pointer[map[seriesKey]*Series] // replaced, never changed
}

// NewCounters returns counters of their own, at zero.
func NewCounters() *Counters {
	c := &Counters{set: vm.NewSet()}
	c.series.Store(&map[seriesKey]*Series{})
	return c
}

// Func exposes metallic_sched_<name> with the value that f returns, such as
// jobs in flight or records dropped. name may carry labels and must be new; f
// is called by WritePrometheus, from any goroutine.
func (c *Counters) Func(name string, f func() float64) { c.set.NewGauge(prefix+name, f) }

// WritePrometheus writes everything in the Prometheus text format.
func (c *Counters) WritePrometheus(w io.Writer) { c.set.WritePrometheus(w) }

// Series counts the batches of one kind.
type Series struct {
	batches, jobs, columns *vm.Counter
	size, queue, device    *vm.Histogram
}

type seriesKey struct{ op, backend, variant, closeReason string }

// Series returns the counters of a kind of batch. Only the first call for a
// kind allocates. The four strings come from small, fixed sets.
func (c *Counters) Series(op, backend, variant, closeReason string) *Series {
	key := seriesKey{op, backend, variant, closeReason}
	if s := (*c.series.Load())[key]; s != nil {
		return s
	}
	return c.newSeries(key)
}

func (c *Counters) newSeries(key seriesKey) *Series {
	c.creating.Lock()
	defer c.creating.Unlock()
	old := *c.series.Load()
	if s := old[key]; s != nil {
		return s
	}
	kernel := fmt.Sprintf("op=%q,backend=%q,variant=%q", key.op, key.backend, key.variant)
	counter := func(name string) *vm.Counter {
		return c.set.NewCounter(fmt.Sprintf("%s%s{%s,close_reason=%q}", prefix, name, kernel, key.closeReason))
	}
	// One for all close reasons: a histogram is many lines.
	histogram := func(name string) *vm.Histogram {
		return c.set.GetOrCreateHistogram(fmt.Sprintf("%s%s{%s}", prefix, name, kernel))
	}
	s := &Series{
		batches: counter("batches_total"),
		jobs:    counter("batch_jobs_total"),
		columns: counter("batch_columns_total"),
		size:    histogram("batch_jobs"),
		queue:   histogram("batch_queue_seconds"),
		device:  histogram("batch_device_seconds"),
	}
	next := maps.Clone(old)
	next[key] = s
	c.series.Store(&next)
	return s
}

// Batch counts one batch: its jobs, its columns (rows of a softmax), how long
// its oldest job waited and how long the device took.
func (s *Series) Batch(jobs, columns int, queue, device time.Duration) {
	s.batches.Inc()
	s.jobs.Add(jobs)
	s.columns.Add(columns)
	s.size.Update(float64(jobs))
	s.queue.Update(queue.Seconds())
	s.device.Update(device.Seconds())
}
