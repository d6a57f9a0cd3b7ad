package cpu

import (
	"runtime"
	"runtime/metrics"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// TestOthersRunMeanwhile multiplies large matrices on all processors, and has
// the garbage collector stop the world and a timer go off meanwhile. Go cannot
// preempt assembly: one call that computed all of its part would hold both up
// for a quarter of a second, every time. Other programs may do that once, so
// one good try of several is enough.
func TestOthersRunMeanwhile(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT TESTED with -short: takes some seconds; run it without")
	}
	if !cpu.HasPanels() {
		t.Skip("NOT TESTED: there is no assembly here; run it on amd64 with AVX2, without -tags noasm")
	}
	d := open(t, runtime.GOMAXPROCS(0))
	q := newQueueOf(t, d)
	dispatch := largeProduct(t, d, kernels.Shape{Batch: 1, M: 4096, N: 4096, K: 4096})
	product := newCommitter(t, q, device.Stage{Dispatches: []device.Dispatch{dispatch}})
	require.NoError(t, product.run())

	for range 5 {
		late, stopped := heldUpBy(t, product)
		if late < 5*time.Millisecond && stopped < 20*time.Millisecond {
			return
		}
	}
	t.Error("never were others let run: see above")
}

// heldUpBy returns by how long a product makes timers late, in the median, and
// how long the world took to stop, at most.
func heldUpBy(t *testing.T, product *committer) (late, stopped time.Duration) {
	before := pauses()
	start := time.Now()
	product.queue.Commit(&product.batch)
	var all []time.Duration
	for running := true; running; {
		from := time.Now()
		select {
		case err := <-product.done:
			require.NoError(t, err)
			running = false
		case <-time.After(time.Millisecond):
			all = append(all, time.Since(from)-time.Millisecond)
		}
		if len(all)%10 == 9 {
			runtime.GC()
		}
	}
	took := time.Since(start)
	require.NotEmpty(t, all, "the product took %v", took)
	late, stopped = percentile(all, 0.5), worstSince(before)
	t.Logf("in %v: %d timers, the median late by %v, %v most; the world stopped for %v at most",
		took, len(all), late, percentile(all, 1), stopped)
	return late, stopped
}

func percentile(xs []time.Duration, p float64) time.Duration {
	slices.Sort(xs)
	return xs[int(p*float64(len(xs)-1))]
}

// pauses returns how often the world was stopped for how long.
func pauses() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64Histogram()
}

// worstSince returns the longest pause since then, rounded up.
func worstSince(then *metrics.Float64Histogram) (worst time.Duration) {
	now := pauses()
	for i, n := range now.Counts {
		if n > then.Counts[i] {
			worst = time.Duration(now.Buckets[i+1] * float64(time.Second))
		}
	}
	return worst
}
