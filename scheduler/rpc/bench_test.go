package rpc_test

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
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// The device takes no time: what is measured is the way there and back. Client
// and server share the processors.

func empty(w tensor.View) *job.Matmul {
	return &job.Matmul{A: w, B: tensor.Vector(make([]float32, 64)), C: tensor.Vector(make([]float32, 64))}
}

// simulated is a server on a device that takes no time.
func simulated(b *testing.B, tcp bool) *rig {
	return startRig(b, rigConfig{tcp: tcp, scheduler: scheduler.Config{Device: sim.Open(sim.Config{})}})
}

// share runs f until it has been called b.N times by n goroutines together,
// step times at once.
func share(b *testing.B, n, step int, start func() func() error) {
	var next atomic.Int64
	var all sync.WaitGroup
	fs := make([]func() error, n)
	for i := range fs {
		fs[i] = start()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, f := range fs {
		all.Go(func() {
			for next.Add(int64(step)) <= int64(b.N+step-1) {
				if err := f(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}

// BenchmarkStream is the throughput of empty jobs: by how many callers wait for
// each, and in groups.
func BenchmarkStream(b *testing.B) {
	for _, tcp := range []bool{false, true} {
		kind := map[bool]string{false: "unix", true: "tcp"}[tcp]
		for _, callers := range []int{64, 512} {
			b.Run(fmt.Sprintf("%s/callers=%d", kind, callers), func(b *testing.B) {
				c, w := dialLoaded(b, simulated(b, tcp))
				share(b, callers, 1, func() func() error {
					j := empty(w)
					return func() error { return c.Do(context.Background(), j) }
				})
			})
		}
		for _, callers := range []int{1, 4} {
			b.Run(fmt.Sprintf("%s/groups=256/callers=%d", kind, callers), func(b *testing.B) {
				c, w := dialLoaded(b, simulated(b, tcp))
				share(b, callers, 256, func() func() error {
					jobs := make([]job.Job, 256)
					for i := range jobs {
						jobs[i] = empty(w)
					}
					return func() error { return c.DoAll(context.Background(), jobs) }
				})
			})
		}
	}
}

// BenchmarkRoundTrip is one job at a time.
func BenchmarkRoundTrip(b *testing.B) {
	for _, tcp := range []bool{false, true} {
		b.Run(map[bool]string{false: "unix", true: "tcp"}[tcp], func(b *testing.B) {
			c, w := dialLoaded(b, simulated(b, tcp))
			share(b, 1, 1, func() func() error {
				j := empty(w)
				return func() error { return c.Do(context.Background(), j) }
			})
		})
	}
}

func dialLoaded(b *testing.B, r *rig) (*rpc.Client, tensor.View) {
	c, err := rpc.Dial(context.Background(), r.target, rpc.Config{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, c.Close(context.Background())) })
	o, err := c.Load(tensor.Matrix(make([]float32, 64*64), 64, 64))
	require.NoError(b, err)
	return c, o.View()
}

// BenchmarkLarge is a job with 4 MiB of B and as much of C: through the
// connection, or in shared memory. The device takes no time.
func BenchmarkLarge(b *testing.B) {
	const n = 1024 * 1024
	for _, kind := range []string{"tcp", "unix", "shared"} {
		b.Run(kind, func(b *testing.B) {
			c, err := rpc.Dial(context.Background(), simulated(b, kind == "tcp").target, rpc.Config{})
			require.NoError(b, err)
			b.Cleanup(func() { require.NoError(b, c.Close(context.Background())) })
			w, err := c.Load(tensor.Matrix(make([]float32, n), 1024, 1024))
			require.NoError(b, err)
			x, y := tensor.Matrix(make([]float32, n), 1024, 1024), tensor.Matrix(make([]float32, n), 1024, 1024)
			if kind == "shared" {
				r, err := c.Share(context.Background(), 8*n)
				require.NoError(b, err)
				x = tensor.Bytes(r.Bytes()[:4*n], tensor.F32, 1, 1024, 1024)
				y = tensor.Bytes(r.Bytes()[4*n:], tensor.F32, 1, 1024, 1024)
			}
			b.SetBytes(8 * n)
			share(b, 1, 1, func() func() error {
				j := &job.Matmul{A: w.View(), B: x, C: y}
				return func() error { return c.Do(context.Background(), j) }
			})
		})
	}
}

// BenchmarkResidentWeight is y = W*x by 64 callers on the cpu device, W being
// 4096 x 4096: in process, and with a connection each.
func BenchmarkResidentWeight(b *testing.B) {
	const callers, n = 64, 4096
	w := tensor.Matrix(make([]float32, n*n), n, n)
	callOf := func(d job.Doer, o job.Operand) func() error {
		j := &job.Matmul{A: o.View(), B: tensor.Vector(make([]float32, n)), C: tensor.Vector(make([]float32, n))}
		return func() error { return d.Do(context.Background(), j) }
	}
	b.Run("in-process", func(b *testing.B) {
		r := startRig(b, rigConfig{})
		o, err := r.scheduler.LoadOperand(w)
		require.NoError(b, err)
		share(b, callers, 1, func() func() error { return callOf(r.scheduler, o) })
	})
	for _, tcp := range []bool{false, true} {
		b.Run(map[bool]string{false: "unix", true: "tcp"}[tcp], func(b *testing.B) {
			r := startRig(b, rigConfig{tcp: tcp})
			share(b, callers, 1, func() func() error {
				c, err := rpc.Dial(context.Background(), r.target, rpc.Config{})
				require.NoError(b, err)
				b.Cleanup(func() { require.NoError(b, c.Close(context.Background())) })
				o, err := c.LoadOperand(w)
				require.NoError(b, err)
				return callOf(c, o)
			})
		})
	}
}
