package scheduler_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// The peer is the plainest thing that does what a scheduler does: a channel,
// a worker goroutine, and an answer on a channel of the caller's own. Ours
// validates, plans, admits, batches, goes through all three actors and counts
// its decisions. The device takes no time.

// BenchmarkPath compares the cost of a job by the number of callers that wait
// for each job before they submit the next.
func BenchmarkPath(b *testing.B) {
	for _, callers := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("channel/callers=%d", callers), func(b *testing.B) { channelPeer(b, callers) })
		b.Run(fmt.Sprintf("sched/callers=%d", callers), func(b *testing.B) { oneByOne(b, callers) })
	}
	for _, callers := range []int{1, 8} {
		b.Run(fmt.Sprintf("sched/groups=64/callers=%d", callers), func(b *testing.B) { groups(b, callers) })
	}
}

// share runs f until it has been called b.N times by n goroutines together.
func share(b *testing.B, n, step int, start func() func()) {
	var next atomic.Int64
	var all sync.WaitGroup
	fs := make([]func(), n)
	for i := range fs {
		fs[i] = start()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, f := range fs {
		all.Go(func() {
			for next.Add(int64(step)) <= int64(b.N+step-1) {
				f()
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}

type peerJob struct {
	done chan struct{}
}

func channelPeer(b *testing.B, callers int) {
	work := make(chan *peerJob, 1024)
	go func() {
		for j := range work {
			j.done <- struct{}{}
		}
	}()
	defer close(work)
	share(b, callers, 1, func() func() {
		j := &peerJob{done: make(chan struct{}, 1)}
		return func() {
			work <- j
			<-j.done
		}
	})
}

// open returns a scheduler on a device that takes no time, and a weight.
func open(b testing.TB) (*scheduler.Scheduler, *scheduler.Operand) {
	s, err := scheduler.Open(context.Background(), scheduler.Config{Device: sim.Open(sim.Config{})})
	require.NoError(b, err)
	w, err := s.Load(tensor.Matrix(make([]float32, 64*64), 64, 64))
	require.NoError(b, err)
	b.Cleanup(func() {
		audit := s.Audit()
		require.NoError(b, s.Close(context.Background()))
		require.True(b, audit.Balances() && audit.InFlight == 0, "%+v", audit)
	})
	return s, w
}

func vectorJob(w *scheduler.Operand) *job.Matmul {
	return &job.Matmul{A: w.View(), B: tensor.Vector(make([]float32, 64)), C: tensor.Vector(make([]float32, 64))}
}

func oneByOne(b *testing.B, callers int) {
	s, w := open(b)
	share(b, callers, 1, func() func() {
		j := vectorJob(w)
		return func() {
			if err := s.Do(context.Background(), j); err != nil {
				b.Error(err)
			}
		}
	})
}

func groups(b *testing.B, callers int) {
	const size = 64
	s, w := open(b)
	share(b, callers, size, func() func() {
		js := make([]job.Job, size)
		for i := range js {
			js[i] = vectorJob(w)
		}
		return func() {
			if err := s.DoAll(context.Background(), js); err != nil {
				b.Error(err)
			}
		}
	})
}
