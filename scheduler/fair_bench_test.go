package scheduler_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// BenchmarkTenants is what a job costs by the number of tenants: "calls" has
// callers that wait for each job, "queued" has as many jobs waiting as there
// are, of all tenants in turn, while the device hangs.
func BenchmarkTenants(b *testing.B) {
	for _, tenants := range []int{1, 10_000} {
		names := make([]string, tenants)
		for i := range names {
			names[i] = fmt.Sprint("tenant ", i)
		}
		b.Run(fmt.Sprintf("calls/tenants=%d", tenants), func(b *testing.B) { callsOf(b, names) })
		b.Run(fmt.Sprintf("queued/tenants=%d", tenants), func(b *testing.B) { queuedOf(b, names) })
	}
}

func callsOf(b *testing.B, tenants []string) {
	s, w := open(b)
	var next atomic.Int64
	share(b, 512, 1, func() func() {
		j := vectorJob(w)
		return func() {
			j.Tenant = tenants[int(next.Add(1))%len(tenants)]
			if err := s.Do(background, j); err != nil {
				b.Error(err)
			}
		}
	})
}

func queuedOf(b *testing.B, tenants []string) {
	const n = 100_000
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
	jobs := 0
	b.ReportAllocs()
	for b.Loop() {
		hangs.Store(true)
		begun := d.Batches()
		first := submit(b, s, blocker)
		for d.Batches() == begun {
			runtime.Gosched()
		}
		for i := range handles {
			var err error
			j.Tenant = tenants[i%len(tenants)]
			if handles[i], err = s.Submit(background, j.Matmul); err != nil {
				require.NoError(b, err)
			}
		}
		d.Release()
		for _, h := range handles {
			if err := h.Wait(background); err != nil {
				require.NoError(b, err)
			}
		}
		require.NoError(b, first.Wait(background))
		jobs += n
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(jobs), "ns/job")
}

// BenchmarkFlood measures what a tenant with a hundred times the callers of
// each of four others does to their latency, on the cpu device. The bound is
// their p99 alone plus two of the longest batches.
func BenchmarkFlood(b *testing.B) {
	for _, own := range []bool{false, true} {
		b.Run(fmt.Sprintf("own-operands=%v", own), func(b *testing.B) {
			for b.Loop() {
				longest := &longestBatch{}
				s := start(b, scheduler.Config{Device: openCPU(b), Recorder: longest})
				var ws []*scheduler.Operand
				for i := range 5 {
					ws = append(ws, square(b, s, 1024+64*i))
				}
				if !own {
					ws = slices.Repeat(ws[:1], 5)
				}
				alone := p99OfOthers(b, s, ws, 0)
				flooded := p99OfOthers(b, s, ws, 200)
				bound := alone + 2*longest.time()
				b.ReportMetric(float64(alone.Microseconds()), "µs-p99-alone")
				b.ReportMetric(float64(flooded.Microseconds()), "µs-p99-flooded")
				b.ReportMetric(float64(longest.time().Microseconds()), "µs-longest-batch")
				b.ReportMetric(float64(flooded)/float64(bound), "of-bound")
			}
		})
	}
}

// p99OfOthers returns the 99th percentile of the latencies of four tenants with
// two callers each, beside a number of callers of a fifth.
func p99OfOthers(b *testing.B, s *scheduler.Scheduler, ws []*scheduler.Operand, flood int) time.Duration {
	const others, callers, each = 4, 2, 250
	var mu sync.Mutex
	var took []time.Duration
	var busy, idle sync.WaitGroup
	var stop atomic.Bool
	do := func(w *scheduler.Operand, tenant string) func() time.Duration {
		v := w.View()
		j := &job.Matmul{
			A: v, B: tensor.Vector(make([]float32, v.Cols())), C: tensor.Vector(make([]float32, v.Rows())),
			Options: job.Options{Tenant: tenant},
		}
		return func() time.Duration {
			began := time.Now()
			if err := s.Do(background, j); err != nil {
				b.Error(err)
			}
			return time.Since(began)
		}
	}
	for range flood {
		idle.Go(func() {
			for one := do(ws[others], "flood"); !stop.Load(); {
				one()
			}
		})
	}
	for i := range others * callers {
		busy.Go(func() {
			one := do(ws[i/callers], fmt.Sprint("other ", i/callers))
			var mine []time.Duration
			for range each {
				mine = append(mine, one())
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	busy.Wait()
	stop.Store(true)
	idle.Wait()
	slices.Sort(took)
	return took[len(took)*99/100]
}

// longestBatch is a recorder that remembers the longest device time.
type longestBatch struct{ nanoseconds atomic.Int64 }

func (l *longestBatch) Record(d *metrics.Decision) {
	l.nanoseconds.Store(max(l.nanoseconds.Load(), int64(d.DeviceTime)))
}

func (l *longestBatch) time() time.Duration { return time.Duration(l.nanoseconds.Load()) }
