package cpu

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// BenchmarkSquare computes square products through a queue, with matmul_simd
// and, where one is found, with the platform's BLAS.
func BenchmarkSquare(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, n := range []int{32, 64, 128, 256, 512, 1024, 2048, 4096} {
			for _, kernel := range []string{"matmul_simd", "matmul_mps"} {
				b.Run(fmt.Sprintf("threads=%d/n=%d/%s", threads, n, kernel), func(b *testing.B) {
					benchmarkSquare(b, kernel, threads, n)
				})
			}
		}
	}
}

func benchmarkSquare(b *testing.B, kernel string, threads, n int) {
	d := open(b, threads)
	defer d.Close()
	key := kernels.Key{Kernel: kernel, A: tensor.F32, B: tensor.F32, C: tensor.F32}
	p, err := d.Compile(key)
	if err != nil {
		b.Skipf("%v", err) // without a BLAS
	}
	q, err := d.NewQueue()
	require.NoError(b, err)
	defer q.Close()
	square := func() device.Region {
		buf, err := d.Alloc(device.SpaceShared, 4*n*n)
		require.NoError(b, err)
		b.Cleanup(buf.Free)
		r := device.In(buf, tensor.F32, tensor.Dims{1, n, n}, 0)
		fillBenchmark(r)
		return r
	}
	done := make(chan error, 1)
	batch := &device.Batch{
		Stages: []device.Stage{{Dispatches: []device.Dispatch{{Pipeline: p, Matmul: &device.Matmul{
			Shape: kernels.Shape{Batch: 1, M: n, N: n, K: n}, A: square(), B: square(), C: square(),
			Runs: []device.Run{{Columns: n, Alpha: 1, Bias: -1}},
		}}}}},
		Done: func(_ *device.Batch, _ device.Timing, err error) { done <- err },
	}
	for b.Loop() {
		q.Commit(batch)
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*float64(n)*float64(n)*float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
