package cpu

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// BenchmarkSmallN computes y = W·x for a few columns through a queue, as a
// batch of the scheduler does: W prepared, x and y with contiguous columns.
// GB/s is the rate at which W is read, were it read once.
func BenchmarkSmallN(b *testing.B) {
	shapes := [][2]int{{4096, 4096}, {896, 896}, {9728, 896}, {896, 4864}, {151936, 896}}
	for _, dt := range tensor.DTypes {
		for _, s := range shapes {
			for _, n := range []int{1, 2, 4, 8, 16, 32, 64, 128} {
				b.Run(fmt.Sprintf("%v/%dx%d/N=%d", dt, s[0], s[1], n), func(b *testing.B) {
					benchmarkSmallN(b, dt, s[0], s[1], n, resident)
				})
			}
		}
	}
}

// BenchmarkSmallNUnprepared has W in the caller's memory, and its transpose.
func BenchmarkSmallNUnprepared(b *testing.B) {
	for _, dt := range tensor.DTypes {
		for _, how := range []placed{callers, transpose} {
			for _, n := range []int{1, 2, 4, 8, 16, 32, 64} {
				b.Run(fmt.Sprintf("%v/%v/N=%d", dt, how, n), func(b *testing.B) {
					benchmarkSmallN(b, dt, 4096, 4096, n, how)
				})
			}
		}
	}
}

// placed is where and how W lies.
type placed string

const (
	resident  placed = "resident"
	callers   placed = "callers"
	transpose placed = "transpose"
)

func benchmarkSmallN(b *testing.B, dt tensor.DType, m, k, n int, how placed) {
	d := open(b, 0)
	defer d.Close()
	q, err := d.NewQueue()
	require.NoError(b, err)
	defer q.Close()
	region := func(dt tensor.DType, rows, cols int) device.Region {
		buf, err := d.Alloc(device.SpaceShared, rows*cols*dt.Size())
		require.NoError(b, err)
		b.Cleanup(buf.Free)
		r := device.In(buf, dt, tensor.Dims{1, rows, cols}, 0)
		fillBenchmark(r)
		return r
	}
	w, x, y := region(dt, m, k), region(dt, n, k), region(dt, n, m)
	if how == resident {
		w.Buffer.(device.Preparer).Prepare(w.View)
	}
	if how == transpose {
		w = region(dt, k, m)
		w.View.Transpose()
	}
	x.View.Transpose()
	y.View.Transpose()
	p, err := d.Compile(kernels.Key{Kernel: "matmul_smalln_n16", A: dt, B: dt, C: dt})
	require.NoError(b, err)
	done := make(chan error, 1)
	batch := &device.Batch{
		Stages: []device.Stage{{Dispatches: []device.Dispatch{{Pipeline: p, Matmul: &device.Matmul{
			Shape: kernels.Shape{Batch: 1, M: m, N: n, K: k}, A: w, B: x, C: y,
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
	seconds := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(float64(m*k*dt.Size())/seconds/1e9, "GB/s")
	b.ReportMetric(2*float64(m)*float64(k)*float64(n)/seconds/1e9, "GFLOP/s")
}

// fillBenchmark fills memory with small numbers, quickly.
func fillBenchmark(r device.Region) {
	bits := unsafe.Slice((*uint16)(r.Buffer.Pointer()), r.Buffer.Len()/2)
	for i := range bits {
		bits[i] = uint16(i) * 40503 & 0x3fff // between 0 and 2 in every type
	}
}
