package metrics

import (
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	vm "github.com/VictoriaMetrics/metrics"
)

// prefix begins every name that Counters expose, but for those of Process.
const prefix = "metallic_sched_"

// Counters count batches and jobs and expose them in the Prometheus text
// format, with a help and a type for every family. Methods may be called from
// any goroutine.
type Counters struct {
	*registry
	labels string                                // that all names get: see With
	series atomic.Pointer[map[seriesKey]*Series] // replaced, never changed
}

// registry is what is exposed together.
type registry struct {
	set *vm.Set

	creating sync.Mutex // guards families and listings, and is held to replace series
	families families
	listings []listing
}

// NewCounters returns counters of their own, at zero.
func NewCounters() *Counters {
	return newCounters(&registry{set: vm.NewSet(), families: families{}}, "")
}

func newCounters(r *registry, labels string) *Counters {
	c := &Counters{registry: r, labels: labels}
	c.series.Store(&map[seriesKey]*Series{})
	return c
}

// With returns counters that are exposed together with c's, each with one label
// more.
func (c *Counters) With(label, value string) *Counters {
	return newCounters(c.registry, joinLabels(c.labels, labelOf(label, value)))
}

// named returns the full name of a series, which may carry labels.
func (c *Counters) named(name string) string {
	family, own, _ := strings.Cut(name, "{")
	if labels := joinLabels(c.labels, strings.TrimSuffix(own, "}")); labels != "" {
		return prefix + family + "{" + labels + "}"
	}
	return prefix + family
}

func joinLabels(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "," + b
}

// Func exposes metallic_sched_<name> with the value that f returns, such as
// jobs in flight or records dropped: as a counter if the name ends in _total,
// else as a gauge. name may carry labels and must be new; f is called by
// WritePrometheus, from any goroutine.
func (c *Counters) Func(name, help string, f func() float64) { c.expose(c.named(name), help, f) }

func (c *Counters) expose(name, help string, f func() float64) {
	c.describe(name, help, "")
	c.set.NewGauge(name, f)
}

// Counter counts up from 0. Its methods may be called from any goroutine.
type Counter = vm.Counter

// Counter exposes metallic_sched_<name>, which may carry labels, and returns
// what counts it. The same name is the same counter.
func (c *Counters) Counter(name, help string) *Counter {
	name = c.named(name)
	c.describe(name, help, "")
	return c.set.GetOrCreateCounter(name)
}

// histogram exposes metallic_sched_<name>, which may carry labels, in buckets
// up to bounds, and returns what fills it. The same name is the same histogram.
func (c *Counters) histogram(name, help string, bounds []float64) *vm.PrometheusHistogram {
	name = c.named(name)
	c.describe(name, help, "histogram")
	return c.set.GetOrCreatePrometheusHistogramExt(name, bounds)
}

// describe says what a series' family is. kind is "" where the name tells.
func (c *Counters) describe(name, help, kind string) {
	family, _, _ := strings.Cut(name, "{")
	if kind == "" && strings.HasSuffix(family, "_total") {
		kind = "counter"
	} else if kind == "" {
		kind = "gauge"
	}
	c.creating.Lock()
	defer c.creating.Unlock()
	c.families[family] = description{kind, help}
}

// Series counts the batches of one kind.
type Series struct {
	batches, jobs, columns *vm.Counter
	size, queue, device    *vm.PrometheusHistogram
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

// The bounds of histograms are fixed, so that they add up over processes.
var (
	sizeBounds = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096}
	timeBounds = []float64{
		0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
	}
)

func (c *Counters) newSeries(key seriesKey) *Series {
	kernel := fmt.Sprintf("op=%q,backend=%q,variant=%q", key.op, key.backend, key.variant)
	counter := func(name, help string) *vm.Counter {
		return c.Counter(fmt.Sprintf("%s{%s,close_reason=%q}", name, kernel, key.closeReason), help)
	}
	// One for all close reasons: a histogram is many lines.
	histogram := func(name, help string, bounds []float64) *vm.PrometheusHistogram {
		return c.histogram(fmt.Sprintf("%s{%s}", name, kernel), help, bounds)
	}
	s := &Series{
		batches: counter("batches_total", "Batches that ended, by kernel and by why they were closed."),
		jobs:    counter("batch_jobs_total", "Jobs in the batches that ended."),
		columns: counter("batch_columns_total", "Columns of matrix products, rows of softmaxes, or K/V heads of attentions, in the batches that ended."),
		size:    histogram("batch_size_jobs", "Jobs in a batch.", sizeBounds),
		queue:   histogram("batch_queue_seconds", "Time from the arrival of a batch's oldest job until the batch was closed.", timeBounds),
		device:  histogram("batch_device_seconds", "Time that the device took for a batch.", timeBounds),
	}
	c.creating.Lock()
	defer c.creating.Unlock()
	old := *c.series.Load()
	if other := old[key]; other != nil { // of the same counters
		return other
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

// WritePrometheus writes everything in the Prometheus text format.
func (c *Counters) WritePrometheus(w io.Writer) {
	out := c.describing(w)
	c.set.WritePrometheus(out)
	for _, l := range c.listed() {
		l.write(out)
	}
}
