package decode

import (
	"maps"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/metallic-sched/metallic-sched/metrics"
)

// BatchKind is what the batches of one line of a report have in common.
type BatchKind struct{ Op, Backend, Variant, CloseReason string }

// BatchSum adds up batches.
type BatchSum struct {
	Batches, Jobs int64
	Device        time.Duration
}

// Add adds another sum.
func (s *BatchSum) Add(o BatchSum) {
	s.Batches += o.Batches
	s.Jobs += o.Jobs
	s.Device += o.Device
}

// MeanJobs returns the jobs of a batch, on average.
func (s BatchSum) MeanJobs() float64 {
	if s.Batches == 0 {
		return 0
	}
	return float64(s.Jobs) / float64(s.Batches)
}

// tally counts what a lane's scheduler and sequences did. It is a
// metrics.Recorder.
type tally struct {
	batches sync.Mutex
	sums    map[BatchKind]BatchSum

	kinds [LMHead + 1]kindTally
}

type kindTally struct {
	mu      sync.Mutex
	jobs    int64
	flops   int64
	latency *hdrhistogram.Histogram
}

func newTally() *tally {
	t := &tally{sums: map[BatchKind]BatchSum{}}
	for k := range t.kinds {
		t.kinds[k].latency = hdrhistogram.New(int64(time.Microsecond), int64(10*time.Minute), 2)
	}
	return t
}

// Record implements metrics.Recorder. The lane's own jobs are not counted.
func (t *tally) Record(d *metrics.Decision) {
	if len(d.Tenants) == 1 && d.Tenants[0].Name == waiter {
		return
	}
	key := BatchKind{d.Op, d.Plan.Backend, d.Plan.Variant, d.CloseReason}
	t.batches.Lock()
	defer t.batches.Unlock()
	sum := t.sums[key]
	sum.Add(BatchSum{1, int64(d.Jobs), d.DeviceTime})
	t.sums[key] = sum
}

// done counts a job that was answered.
func (t *tally) done(k Kind, flops int64, latency time.Duration) {
	kt := &t.kinds[k]
	kt.mu.Lock()
	defer kt.mu.Unlock()
	kt.jobs++
	kt.flops += flops
	_ = kt.latency.RecordValue(min(int64(latency), kt.latency.HighestTrackableValue()))
}

// batchSums returns a copy of the sums.
func (t *tally) batchSums() map[BatchKind]BatchSum {
	t.batches.Lock()
	defer t.batches.Unlock()
	return maps.Clone(t.sums)
}

// KindSum is what a lane did of one kind of job.
type KindSum struct {
	Kind  Kind
	Jobs  int64
	Flops int64
	// Latency is from submission to answer, in nanoseconds.
	Latency *hdrhistogram.Histogram
}

// kindSums returns copies of the sums, in the order of Kinds.
func (t *tally) kindSums() []KindSum {
	sums := make([]KindSum, len(Kinds))
	for i, k := range Kinds {
		kt := &t.kinds[k]
		kt.mu.Lock()
		sums[i] = KindSum{k, kt.jobs, kt.flops, hdrhistogram.Import(kt.latency.Export())}
		kt.mu.Unlock()
	}
	return sums
}

// jobs returns the jobs answered so far.
func (t *tally) jobs() int64 {
	n := int64(0)
	for k := range t.kinds {
		t.kinds[k].mu.Lock()
		n += t.kinds[k].jobs
		t.kinds[k].mu.Unlock()
	}
	return n
}
