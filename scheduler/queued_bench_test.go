package scheduler_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// BenchmarkQueued measures what a job costs when many wait: n are submitted
// while the device hangs, then it runs them all. Queues are linked lists and
// picking looks at lanes, so that a job among a million should cost about what
// it costs among a hundred.
func BenchmarkQueued(b *testing.B) {
	for _, n := range []int{100, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { queued(b, n) })
	}
}

func queued(b *testing.B, n int) {
	var hangs atomic.Bool
	d := sim.Open(sim.Config{Fault: func(*device.Batch) sim.Fault {
		if hangs.CompareAndSwap(true, false) {
			return sim.Hang()
		}
		return sim.None()
	}})
	s := start(b, scheduler.Config{Device: d})
	w := square(b, s, 64)
	blocker, j := newProbe(w, job.Options{}), newProbe(w, job.Options{})
	handles := make([]job.Handle, n)
	var submitting, draining time.Duration
	jobs := 0
	for b.Loop() {
		hangs.Store(true)
		begun := d.Batches()
		first := submit(b, s, blocker)
		for d.Batches() == begun {
			runtime.Gosched()
		}
		zero := time.Now()
		for i := range handles {
			var err error
			if handles[i], err = s.Submit(background, j.Matmul); err != nil {
				require.NoError(b, err)
			}
		}
		submitted := time.Now()
		d.Release()
		for _, h := range handles {
			if err := h.Wait(background); err != nil {
				require.NoError(b, err)
			}
		}
		submitting, draining = submitting+submitted.Sub(zero), draining+time.Since(submitted)
		require.NoError(b, first.Wait(background))
		jobs += n
	}
	b.ReportMetric(float64(submitting.Nanoseconds())/float64(jobs), "ns/submit")
	b.ReportMetric(float64(draining.Nanoseconds())/float64(jobs), "ns/drain")
	b.ReportMetric(float64((submitting+draining).Nanoseconds())/float64(jobs), "ns/job")
}
