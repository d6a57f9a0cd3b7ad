//go:build linux && (amd64 || arm64)

package cuda

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// times is how many times a batch has the same dispatch, as many as the time
// between two events is divided by.
const times = 50

// BenchmarkMatmul times products by the GPU's own clock. Operands are random; W
// is contiguous along K, the columns of B and C lie side by side; with /rows the
// rows of B do.
func BenchmarkMatmul(b *testing.B) {
	d := needGPU(b)
	defer func() { require.NoError(b, d.Close()) }()
	for _, c := range []struct {
		kernel string
		m, k   int
		dt     tensor.DType
		ns     []int
		rows   bool
	}{
		{"matmul_smalln_n16", 4096, 4096, tensor.F16, []int{1, 8, 16, 32, 64}, false},
		{"matmul_smalln_n16", 9728, 896, tensor.F16, []int{1, 8, 16, 32, 64}, false},
		{"matmul_smalln_n16", 896, 4864, tensor.F16, []int{1, 8, 16, 32, 64}, false},
		{"matmul_smalln_n16", 151936, 896, tensor.F16, []int{1, 8, 16, 32, 64}, false},
		{"matmul_smalln_n16", 4096, 4096, tensor.F32, []int{1, 8, 16, 32, 64}, false},
		{"matmul_smalln_n16", 9728, 896, tensor.F32, []int{1, 8, 16, 32, 64}, false},
		{"matmul_smalln_n16", 896, 4864, tensor.F32, []int{1, 8, 16, 32, 64}, false},
		{"matmul_smalln_n16", 151936, 896, tensor.F32, []int{1, 8, 16, 32, 64}, false},
		{"matmul_gemv", 4096, 4096, tensor.F16, []int{1}, false},
		{"matmul_simd", 4096, 4096, tensor.F16, []int{4096}, false},
		{"matmul_simd", 8192, 8192, tensor.F16, []int{8192}, false},
		{"matmul_simd", 4096, 4096, tensor.F32, []int{4096}, false},
		{"matmul_simd", 4096, 4096, tensor.F16, []int{4096}, true},
		{"matmul_simd", 4096, 4096, tensor.F32, []int{4096}, true},
		{"matmul_mlx", 4096, 4096, tensor.F32, []int{4096}, false},
		{"matmul_mps", 4096, 4096, tensor.F16, []int{1, 64, 4096}, false},
		{"matmul_mps", 4096, 4096, tensor.F32, []int{64, 4096}, false},
	} {
		for _, n := range c.ns {
			layout := map[bool]string{true: "/rows"}[c.rows]
			b.Run(fmt.Sprintf("%s/%v/%dx%d/N%d%s", c.kernel, c.dt, c.m, c.k, n, layout), func(b *testing.B) {
				key := kernels.Key{Kernel: c.kernel, A: c.dt, B: c.dt, C: c.dt, Bucket: kernels.Default.Find(c.kernel).Bucket}
				m := &device.Matmul{
					Shape: kernels.Shape{Batch: 1, M: c.m, N: n, K: c.k},
					A:     random(b, d, c.dt, tensor.Dims{1, c.m, c.k}),
					B:     turned(random(b, d, c.dt, tensor.Dims{1, n, c.k})),
					C:     turned(random(b, d, c.dt, tensor.Dims{1, n, c.m})),
					Runs:  []device.Run{{Columns: n, Alpha: 1, Bias: -1}},
				}
				if c.rows {
					m.B = random(b, d, c.dt, tensor.Dims{1, c.k, n})
				}
				us := clock(b, d, key, device.Dispatch{Matmul: m})
				b.ReportMetric(2*float64(c.m)*float64(c.k)*float64(n)/us/1e6, "Tflop/s")
				b.ReportMetric(float64((c.m*c.k+n*c.k+n*c.m)*c.dt.Size())/us/1e3, "GB/s")
			})
		}
	}
}

// BenchmarkSoftmax times softmax by the GPU's own clock.
func BenchmarkSoftmax(b *testing.B) {
	d := needGPU(b)
	defer func() { require.NoError(b, d.Close()) }()
	for _, c := range []struct {
		kernel     string
		rows, cols int
	}{
		{"softmax_vec", 4096, 64},
		{"softmax_vec", 4096, 1024},
		{"softmax_vec", 4096, 4096},
		{"softmax_block", 4096, 4096},
		{"softmax_block", 4096, 16384},
		{"softmax_block_online", 4096, 16384},
		{"softmax_block", 64, 131072},
		{"softmax_block_online", 64, 131072},
	} {
		b.Run(fmt.Sprintf("%s/%dx%d", c.kernel, c.rows, c.cols), func(b *testing.B) {
			dims := tensor.Dims{1, c.rows, c.cols}
			width := kernels.WidthBucket(c.cols)
			key := kernels.Key{
				Kernel: c.kernel, A: tensor.F32, B: tensor.F32, C: tensor.F32,
				Width: width, SIMDReduction: true, Threadgroup: min(1024, max(32, width)),
			}
			us := clock(b, d, key, device.Dispatch{Softmax: &device.Softmax{
				X: random(b, d, tensor.F32, dims), Y: random(b, d, tensor.F32, dims),
				Rows: []device.RowRun{{Rows: c.rows, Cols: c.cols, Limit: c.cols}},
			}})
			b.ReportMetric(float64(8*c.rows*c.cols)/us/1e3, "GB/s")
		})
	}
}

// clock reports the microseconds of a dispatch, the median of batches of many,
// and returns them.
func clock(b *testing.B, d *Device, key kernels.Key, dispatch device.Dispatch) (us float64) {
	p, err := d.Compile(key)
	require.NoError(b, err)
	dispatch.Pipeline = p
	q, err := d.NewQueue()
	require.NoError(b, err)
	defer func() { require.NoError(b, q.Close()) }()
	stage := device.Stage{}
	for range times {
		stage.Dispatches = append(stage.Dispatches, dispatch)
	}
	var all []float64
	for range 7 {
		timing, err := device.Await(q, stage)
		require.NoError(b, err)
		all = append(all, float64(timing.Device.Nanoseconds())/1e3/times)
	}
	us = median(all[2:])
	b.ReportMetric(us, "gpu-µs")
	b.ReportMetric(0, "ns/op") // the host's time is of no interest
	return us
}

func median(all []float64) float64 {
	for i := range all { // few
		for j := range all[:i] {
			if all[i] < all[j] {
				all[i], all[j] = all[j], all[i]
			}
		}
	}
	return all[len(all)/2]
}

// random returns memory of the GPU with random numbers between -1 and 1.
func random(b *testing.B, d *Device, dt tensor.DType, dims tensor.Dims) device.Region {
	n := dims[1] * dims[2]
	buffer, err := d.Alloc(device.SpaceDevice, n*dt.Size())
	require.NoError(b, err)
	b.Cleanup(buffer.Free)
	host := make([]byte, n*dt.Size())
	v := tensor.Bytes(host, dt, 1, 1, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range min(n, 1<<20) {
		v.SetValue(0, 0, i, 2*r.Float32()-1)
	}
	for i := 1 << 20 * dt.Size(); i < len(host); i *= 2 {
		copy(host[i:], host[:i])
	}
	region := device.In(buffer, dt, tensor.Dims{1, 1, n}, 0)
	q, err := d.NewQueue()
	require.NoError(b, err)
	_, err = device.Await(q, device.Stage{Copies: []device.Copy{{Dst: region, Src: device.Host(v)}}})
	require.NoError(b, err)
	require.NoError(b, q.Close())
	return device.In(buffer, dt, dims, 0)
}

func turned(r device.Region) device.Region {
	r.View.Transpose()
	return r
}
