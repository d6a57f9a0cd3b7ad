package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Run with -benchtime 100ms or so; GFLOP/s is the figure to look at.

func BenchmarkMatmul(b *testing.B) {
	shapes := map[string][][3]int{ // M, N, K
		"matmul_gemv":       {{2048, 1, 2048}},
		"matmul_smalln_n1":  {{2048, 1, 2048}},
		"matmul_smalln_n16": {{2048, 16, 2048}},
		"matmul_simd":       {{512, 512, 512}},
		"matmul_mlx":        {{512, 512, 512}},
	}
	for name, list := range shapes {
		for _, s := range list {
			for _, dt := range tensor.DTypes {
				b.Run(fmt.Sprintf("%s/%dx%dx%d/%v", name, s[0], s[2], s[1], dt), func(b *testing.B) {
					benchmarkMatmul(b, Matmuls[name], s[0], s[1], s[2], dt)
				})
			}
		}
	}
}

func benchmarkMatmul(b *testing.B, kernel *Matmul, m, n, k int, dt tensor.DType) {
	p := &Product{
		M: m, N: n, K: k,
		A:    randomMat(m, k, dt),
		B:    randomMat(k, n, tensor.F32),
		C:    randomMat(m, n, tensor.F32),
		Runs: []Run{{Columns: n, Alpha: 1}},
	}
	s := new(Scratch)
	for b.Loop() {
		kernel.Compute(s, p, Block{0, 0, m, 0, n})
	}
	b.ReportMetric(2*float64(m)*float64(n)*float64(k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkSoftmax(b *testing.B) {
	const rows, cols = 64, 4096
	for name, kernel := range Softmaxes {
		b.Run(name, func(b *testing.B) {
			p := &Rows{
				M: rows, X: randomMat(rows, cols, tensor.F32), Y: randomMat(rows, cols, tensor.F32),
				Runs: []RowRun{{Rows: rows, Cols: cols, Limit: cols}},
			}
			s := new(Scratch)
			b.SetBytes(8 * rows * cols)
			for b.Loop() {
				kernel.Compute(s, p, 0, rows)
			}
		})
	}
}

// randomMat returns a row-major matrix of small random values.
func randomMat(rows, cols int, dt tensor.DType) Mat {
	rng := rand.New(rand.NewPCG(uint64(rows), uint64(cols)))
	data := make([]uint32, (rows*cols*dt.Size()+3)/4)
	base := unsafe.Pointer(unsafe.SliceData(data))
	v := tensor.Window(base, len(data)*4, dt, tensor.Dims{1, rows, cols}, tensor.Compact(tensor.Dims{1, rows, cols}), 0)
	for i := range rows {
		for j := range cols {
			v.SetValue(0, i, j, rng.Float32()-0.5)
		}
	}
	return Mat{base, dt, rows * cols, cols, 1}
}
