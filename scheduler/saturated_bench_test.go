package scheduler_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// BenchmarkSaturated measures products of two loaded matrices, of which a device
// that computes apart has more to do than the host, with always one waiting: by
// its own clock, how long is it idle? Device and clock as in BenchmarkVectors.
// Those alone are not batched: each is a batch, for which there is room when the
// one before has almost ended.
func BenchmarkSaturated(b *testing.B) {
	for _, k := range []int{4096, 16384} {
		for _, callers := range []int{4, 8} { // of 4 two may wait for their results while two are served
			b.Run(fmt.Sprintf("2048x%dx2048/callers=%d", k, callers), func(b *testing.B) { saturated(b, 2048, k, callers, false) })
		}
	}
	b.Run("512x8192x512/alone/callers=4", func(b *testing.B) { saturated(b, 512, 8192, 4, true) })
}

func saturated(b *testing.B, m, k, callers int, alone bool) {
	r := &requests{device: openCounted(b)}
	r.Scheduler = start(b, scheduler.Config{Device: r.device, NoBatching: alone})
	random := rand.New(rand.NewPCG(2, uint64(k)))
	load := func(rows, cols int) (tensor.View, *scheduler.Operand) {
		all := make([]float32, rows*cols)
		for i := range all {
			all[i] = 2*random.Float32() - 1
		}
		v := tensor.Matrix(all, rows, cols)
		o, err := r.Load(v)
		require.NoError(b, err)
		return v, o
	}
	left, a := load(m, k)
	right, c := load(k, m)
	next := func() *job.Matmul {
		return &job.Matmul{A: a.View(), B: c.View(), C: tensor.Matrix(make([]float32, m*m), m, m)}
	}
	first := next()
	require.NoError(b, r.Do(background, first)) // compiles
	for i := 0; i < m; i += 101 {
		var want float64
		for n := range k {
			want += float64(left.Value(0, i, n)) * float64(right.Value(0, n, i))
		}
		require.InDelta(b, want, first.C.Value(0, i, i), 1e-2, "element %d of the diagonal", i)
	}
	warm(b, r, callers, next)
	report := r.report(b)
	share(b, callers, 1, func() func() {
		j := next()
		return func() {
			if err := r.Do(background, j); err != nil {
				b.Error(err)
			}
		}
	})
	report()
	b.ReportMetric(2*float64(m)*float64(m)*float64(k)*float64(b.N)/b.Elapsed().Seconds()/1e12, "Tflop/s")
}

// warm has each caller do a few products: memory is pinned for the first ones,
// which takes longer than the products.
func warm(b *testing.B, r *requests, callers int, next func() *job.Matmul) {
	var all sync.WaitGroup
	for range callers {
		j := next()
		all.Go(func() {
			for range 8 {
				if err := r.Do(background, j); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}
