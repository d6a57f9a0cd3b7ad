package metrics

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func text(c *Counters) string {
	var b bytes.Buffer
	c.WritePrometheus(&b)
	return b.String()
}

func TestCountersText(t *testing.T) {
	c := NewCounters()
	c.Series("matmul", "smalln", "N16", "slot_free").Batch(64, 128, time.Millisecond, 10*time.Millisecond)
	c.Series("matmul", "smalln", "N16", "full").Batch(2, 2, 0, time.Millisecond)
	c.Func(`in_flight{tenant="a"}`, "Jobs.", func() float64 { return 3 })
	got := text(c)
	for _, line := range []string{
		`metallic_sched_batches_total{op="matmul",backend="smalln",variant="N16",close_reason="slot_free"} 1`,
		`metallic_sched_batch_jobs_total{op="matmul",backend="smalln",variant="N16",close_reason="slot_free"} 64`,
		`metallic_sched_batch_columns_total{op="matmul",backend="smalln",variant="N16",close_reason="slot_free"} 128`,
		`metallic_sched_batch_columns_total{op="matmul",backend="smalln",variant="N16",close_reason="full"} 2`,
		`metallic_sched_batch_size_jobs_sum{op="matmul",backend="smalln",variant="N16"} 66`,
		`metallic_sched_batch_size_jobs_count{op="matmul",backend="smalln",variant="N16"} 2`,
		`metallic_sched_batch_queue_seconds_sum{op="matmul",backend="smalln",variant="N16"} 0.001`,
		`metallic_sched_batch_device_seconds_sum{op="matmul",backend="smalln",variant="N16"} 0.011`,
		`metallic_sched_in_flight{tenant="a"} 3`,
	} {
		require.Contains(t, got, line+"\n")
	}
}

func TestCountersAreApart(t *testing.T) {
	a, b := NewCounters(), NewCounters()
	a.Series("matmul", "simd", "-", "full").Batch(1, 1, 1, 1)
	require.Contains(t, text(a), "batches_total")
	require.Empty(t, text(b))
}

func TestSeriesLosesNothing(t *testing.T) {
	c := NewCounters()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				c.Series("matmul", "simd", "-", "full").Batch(2, 3, 1, 1)
			}
		})
	}
	all.Wait()
	require.Contains(t, text(c), `batches_total{op="matmul",backend="simd",variant="-",close_reason="full"} 800`)
	require.Contains(t, text(c), `batch_size_jobs_sum{op="matmul",backend="simd",variant="-"} 1600`)
}

func TestSeriesDoesNotAllocate(t *testing.T) {
	c := NewCounters()
	batch := func() { c.Series("matmul", "simd", "-", "full").Batch(2, 3, 1, 1) }
	batch()
	require.Zero(t, testing.AllocsPerRun(100, batch))
}

func BenchmarkSeries(b *testing.B) {
	c := NewCounters()
	for b.Loop() {
		c.Series("matmul", "simd", "-", "full")
	}
}

func BenchmarkSeriesBatch(b *testing.B) {
	s := NewCounters().Series("matmul", "simd", "-", "full")
	b.ReportAllocs()
	for b.Loop() {
		s.Batch(64, 64, time.Millisecond, 6*time.Millisecond)
	}
}

// Counters with a label are exposed with those that they are of, family by
// family, and are others.
func TestCountersWithALabel(t *testing.T) {
	c := NewCounters()
	a, b := c.With("device", "cuda:0"), c.With("device", `odd "name"`)
	for i, with := range []*Counters{a, b} {
		with.Series("matmul", "smalln", "N16", "full").Batch(2+i, 2, 0, time.Millisecond)
		with.Func("up", "Whether it is.", func() float64 { return float64(i) })
		with.Counter(`ends_total{how="well"}`, "Ends.").Inc()
	}
	a.List("share", "Shares.", "tenant", func() []Value { return []Value{{"x", 7}} })
	c.Func("jobs", "Jobs of all.", func() float64 { return 5 })
	got := text(c)
	for _, line := range []string{
		`metallic_sched_batch_jobs_total{device="cuda:0",op="matmul",backend="smalln",variant="N16",close_reason="full"} 2`,
		`metallic_sched_batch_jobs_total{device="odd \"name\"",op="matmul",backend="smalln",variant="N16",close_reason="full"} 3`,
		`metallic_sched_batch_size_jobs_sum{device="cuda:0",op="matmul",backend="smalln",variant="N16"} 2`,
		`metallic_sched_up{device="cuda:0"} 0`,
		`metallic_sched_up{device="odd \"name\""} 1`,
		`metallic_sched_ends_total{device="cuda:0",how="well"} 1`,
		`metallic_sched_share{device="cuda:0",tenant="x"} 7`,
		`metallic_sched_jobs 5`,
	} {
		require.Contains(t, got, line+"\n")
	}
	for _, family := range []string{"up", "batch_jobs_total", "batch_size_jobs"} {
		require.Equal(t, 1, strings.Count(got, "# TYPE metallic_sched_"+family+" "), family)
	}
	require.Equal(t, got, text(a), "one text for all")
}
