package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// committer runs one batch again and again.
type committer struct {
	queue device.Queue
	batch device.Batch
	done  chan error
}

func newCommitter(t testing.TB, q device.Queue, stages ...device.Stage) *committer {
	c := &committer{queue: q, done: make(chan error, 1)}
	c.batch = device.Batch{Stages: stages, Done: func(_ *device.Batch, _ device.Timing, err error) { c.done <- err }}
	return c
}

func (c *committer) run() error {
	c.queue.Commit(&c.batch)
	return <-c.done
}

func matmulStage(t testing.TB, d *Device, kernel string, m *device.Matmul) device.Stage {
	p, err := d.Compile(kernels.Key{Kernel: kernel, A: m.A.View.DType(), B: m.B.View.DType(), C: m.C.View.DType()})
	require.NoError(t, err)
	return device.Stage{Dispatches: []device.Dispatch{{Pipeline: p, Matmul: m}}}
}

func newQueueOf(t testing.TB, d *Device) device.Queue {
	q, err := d.NewQueue()
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, q.Close())
		require.NoError(t, d.Close())
	})
	return q
}

// large returns a product that is worth spreading.
func large(m, n, k int) *device.Matmul {
	random := func(rows, cols int) device.Region {
		xs := make([]float32, rows*cols)
		for i := range xs {
			xs[i] = rand.Float32() - 0.5
		}
		return device.Host(tensor.Matrix(xs, rows, cols))
	}
	return &device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: m, N: n, K: k},
		A:     random(m, k), B: random(k, n), C: random(m, n),
		Runs: []device.Run{{Columns: n, Alpha: 1, Bias: -1}},
	}
}

// TestNoAllocation commits tiny and spread batches in the steady state.
func TestNoAllocation(t *testing.T) {
	d := open(t, 3)
	q := newQueueOf(t, d)
	tiny := newCommitter(t, q, device.Stage{Copies: []device.Copy{{
		Dst: device.Host(tensor.Vector(make([]float32, 4))), Src: device.Host(tensor.Vector(make([]float32, 4))),
	}}}, matmulStage(t, d, "matmul_gemv", product2()))
	spread := newCommitter(t, q, matmulStage(t, d, "matmul_mlx", large(300, 90, 100)))
	for name, c := range map[string]*committer{"tiny": tiny, "spread": spread} {
		allocs := testing.AllocsPerRun(100, func() {
			if err := c.run(); err != nil {
				panic(err)
			}
		})
		require.Zero(t, allocs, name)
	}
}

// TestThreadsAgree computes one product on one and on several threads: the
// split must not show in the bits.
func TestThreadsAgree(t *testing.T) {
	m := large(333, 77, 600)
	for _, kernel := range []string{"matmul_gemv", "matmul_smalln_n16", "matmul_simd", "matmul_mlx"} {
		var first []float32
		for _, threads := range []int{1, 2, 5} {
			d := open(t, threads)
			out := make([]float32, 333*77)
			m.C = device.Host(tensor.Matrix(out, 333, 77))
			require.NoError(t, newCommitter(t, newQueueOf(t, d), matmulStage(t, d, kernel, m)).run())
			if first == nil {
				first = out
			}
			require.Equal(t, first, out, "%s on %d threads", kernel, threads)
		}
	}
}

// TestGroupedDispatchesShareAStage runs many small problems as one stage.
func TestGroupedDispatchesShareAStage(t *testing.T) {
	d := open(t, 3)
	q := newQueueOf(t, d)
	var stage device.Stage
	for range 40 {
		stage.Dispatches = append(stage.Dispatches, matmulStage(t, d, "matmul_smalln_n2", large(64, 2, 64)).Dispatches...)
	}
	require.NoError(t, newCommitter(t, q, stage).run())
	for _, dispatch := range stage.Dispatches {
		got := dispatch.Matmul.C.View.Value(0, 63, 1)
		want := 0.0
		for k := range 64 {
			want += float64(dispatch.Matmul.A.View.Value(0, 63, k)) * float64(dispatch.Matmul.B.View.Value(0, k, 1))
		}
		require.InDelta(t, want, got, 1e-4)
	}
}

// TestForeignPipeline refuses what another device compiled.
func TestForeignPipeline(t *testing.T) {
	q := newQueueOf(t, open(t, 1))
	var failed *device.KernelError
	err := newCommitter(t, q, device.Stage{Dispatches: []device.Dispatch{{Matmul: product2()}}}).run()
	require.ErrorAs(t, err, &failed)
	err = newCommitter(t, q, device.Stage{Copies: []device.Copy{{
		Dst: device.Host(tensor.Vector(make([]float32, 4))), Src: device.Host(tensor.Vector(make([]float32, 5))),
	}}}).run()
	require.ErrorAs(t, err, &failed)
	require.Equal(t, copyKernel, failed.Kernel)
}

// TestPanicEndsTheBatch gives the queue a kernel that panics.
func TestPanicEndsTheBatch(t *testing.T) {
	d := open(t, 3)
	q := newQueueOf(t, d)
	x := device.Host(tensor.Matrix(make([]float32, 6), 2, 3))
	key := kernels.Key{Kernel: "softmax_broken", A: tensor.F32, B: tensor.F32, C: tensor.F32}
	broken := device.Dispatch{
		Pipeline: &pipeline{key: key, softmax: new(cpu.Softmax)}, // without a function
		Softmax:  &device.Softmax{X: x, Y: x, Rows: []device.RowRun{{Rows: 2, Cols: 3, Limit: 3}}},
	}
	good := matmulStage(t, d, "matmul_mlx", product2())
	for range 3 {
		var failed *device.KernelError
		require.ErrorAs(t, newCommitter(t, q, device.Stage{Dispatches: []device.Dispatch{broken}}).run(), &failed)
		require.Equal(t, "softmax_broken", failed.Kernel)
		require.NoError(t, newCommitter(t, q, good).run())
	}
}

func BenchmarkCommitTiny(b *testing.B) {
	d := open(b, 2)
	c := newCommitter(b, newQueueOf(b, d), matmulStage(b, d, "matmul_gemv", product2()))
	b.ReportAllocs()
	for b.Loop() {
		if err := c.run(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCommitStream commits without waiting: the cost of a batch alone.
func BenchmarkCommitStream(b *testing.B) {
	d := open(b, 2)
	q := newQueueOf(b, d)
	stage := matmulStage(b, d, "matmul_gemv", product2())
	last := make(chan struct{})
	batches := make([]device.Batch, b.N)
	for i := range batches {
		batches[i] = device.Batch{Stages: []device.Stage{stage}, Done: func(*device.Batch, device.Timing, error) {
			if i == len(batches)-1 {
				close(last)
			}
		}}
	}
	b.ResetTimer()
	for i := range batches {
		q.Commit(&batches[i])
	}
	<-last
}
