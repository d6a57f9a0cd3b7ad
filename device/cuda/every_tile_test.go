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

// tileCase is a product that makes package launch choose some tile or strands
// which the products of the conformance suite are too small for.
type tileCase struct {
	kernel  string
	a, b, c tensor.DType
	m, n, k int
	tile    kernels.Tile
}

var (
	halfTypes   = [3]tensor.DType{tensor.F16, tensor.F16, tensor.F16}
	brainTypes  = [3]tensor.DType{tensor.BF16, tensor.BF16, tensor.F32}
	singleTypes = [3]tensor.DType{tensor.F32, tensor.F32, tensor.F32}
	mixedTypes  = [3]tensor.DType{tensor.F16, tensor.F32, tensor.F32}
)

func tileCases() (all []tileCase) {
	add := func(kernel string, types [3]tensor.DType, m, n, k int, tile kernels.Tile) {
		all = append(all, tileCase{kernel, types[0], types[1], types[2], m, n, k, tile})
	}
	for _, types := range [][3]tensor.DType{halfTypes, brainTypes, singleTypes} {
		for _, tile := range []kernels.Tile{{M: 64, N: 64}, {M: 128, N: 128}, {M: 128, N: 256}} {
			add("matmul_simd", types, 296, 584, 200, tile)
		}
		for _, k := range []int{1096, 4360} { // strands of Hopper
			for _, n := range []int{1, 9, 25, 72} {
				add("matmul_smalln_n16", types, 136, n, k, kernels.Tile{})
			}
		}
		for _, n := range []int{24, 64} {
			add("matmul_smalln_n16", types, 34000, n, 72, kernels.Tile{}) // tall ones
		}
	}
	for _, n := range []int{1, 2, 4, 8, 16, 32, 64, 100} {
		for _, m := range []int{40, 4200, 8300, 16500} {
			add("matmul_smalln_n16", singleTypes, m, n, 136, kernels.Tile{})
		}
		add("matmul_smalln_n16", mixedTypes, 4200, n, 136, kernels.Tile{})
	}
	for _, n := range []int{1, 8, 16, 32, 72} {
		add("matmul_smalln_n16", mixedTypes, 136, n, 4360, kernels.Tile{})
	}
	for _, k := range []int{128, 1408} { // one tile deep, and many: with carriers
		for _, n := range []int{24, 60} {
			add("matmul_smalln_n16", singleTypes, 4200, n, k, kernels.Tile{})
			add("matmul_smalln_n16", mixedTypes, 4200, n, k, kernels.Tile{})
		}
	}
	for _, m := range []int{9700, 12600} { // of maps of f32
		add("matmul_smalln_n16", singleTypes, m, 24, 192, kernels.Tile{})
	}
	for _, n := range []int{24, 60} {
		add("matmul_smalln_n16", singleTypes, 136, n, 4864, kernels.Tile{})
	}
	add("matmul_simd", singleTypes, 2000, 2040, 72, kernels.Tile{})
	add("matmul_simd", singleTypes, 2000, 2040, 73, kernels.Tile{})
	return all
}

// TestEveryTile computes products of small whole numbers, which every order of
// summation gets right to the last bit, with every tile, along and across the
// lines of A, B and C, at places that suit the bulk copy engine and that do not.
func TestEveryTile(t *testing.T) {
	d := needGPU(t)
	defer func() { require.NoError(t, d.Close()) }()
	everyTile(t, d)
}

func everyTile(t *testing.T, d device.Device) {
	q, err := d.NewQueue()
	require.NoError(t, err)
	defer func() { require.NoError(t, q.Close()) }()
	r := rand.New(rand.NewPCG(1, 2))
	for i, c := range tileCases() {
		a, b := wholeNumbers(r, c.m*c.k), wholeNumbers(r, c.k*c.n)
		want := wholeProduct(c, a, b)
		for way := range 8 {
			turned := [3]bool{way&1 != 0, way&2 != 0, way&4 != 0}
			if c.m > 10000 && turned[0] {
				continue // they take long
			}
			what := fmt.Sprintf("%+v, turned %v", c, turned)
			got := multiply(t, d, q, c, turned, (i+way)%3/2, a, b)
			for e, x := range got {
				if x != want[e] {
					require.Failf(t, "a wrong element", "%s: (%d, %d) is %v, not %v", what, e/c.n, e%c.n, x, want[e])
				}
			}
		}
	}
}

func wholeNumbers(r *rand.Rand, n int) []float32 {
	all := make([]float32, n)
	for i := range all {
		all[i] = float32(r.IntN(3) - 1)
	}
	return all
}

// wholeProduct is 2*A*B, as C's type has it.
func wholeProduct(c tileCase, a, b []float32) []float32 {
	columns := make([]float32, len(b))
	for k := range c.k {
		for j := range c.n {
			columns[j*c.k+k] = b[k*c.n+j]
		}
	}
	out := make([]float32, c.m*c.n)
	v := tensor.Bytes(make([]byte, c.c.Size()), c.c, 1, 1, 1)
	for i := range c.m {
		row := a[i*c.k : (i+1)*c.k]
		for j := range c.n {
			var sum float32
			for k, y := range columns[j*c.k : (j+1)*c.k] {
				sum += row[k] * y
			}
			v.SetValue(0, 0, 0, 2*sum)
			out[i*c.n+j] = v.Value(0, 0, 0)
		}
	}
	return out
}

// multiply computes 2*A*B + 0*C on the device, where matrices begin at some
// element of their buffers.
func multiply(t *testing.T, d device.Device, q device.Queue, c tileCase, turned [3]bool, first int, a, b []float32) []float32 {
	key := kernels.Key{Kernel: c.kernel, A: c.a, B: c.b, C: c.c, Bucket: kernels.Default.Find(c.kernel).Bucket, Tile: c.tile}
	p, err := d.Compile(key)
	require.NoError(t, err)
	var up []device.Copy
	place := func(dt tensor.DType, rows, cols int, turned bool, values []float32) device.Region {
		n := rows * cols
		buffer, err := d.Alloc(device.SpaceDevice, (n+first)*dt.Size())
		require.NoError(t, err)
		t.Cleanup(buffer.Free)
		dims := tensor.Dims{1, rows, cols}
		if turned {
			dims = tensor.Dims{1, cols, rows}
		}
		region := device.In(buffer, dt, dims, first)
		host := tensor.Bytes(make([]byte, n*dt.Size()), dt, 1, dims[1], dims[2])
		there := device.Copy{Dst: region, Src: device.Host(host)}
		if turned {
			host.Transpose()
			region.View.Transpose()
		}
		for e := range n {
			x := float32(7e4) // C before
			if values != nil {
				x = values[e]
			}
			host.SetValue(0, e/cols, e%cols, x)
		}
		up = append(up, there)
		return region
	}
	mm := &device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: c.m, N: c.n, K: c.k},
		A:     place(c.a, c.m, c.k, turned[0], a), B: place(c.b, c.k, c.n, turned[1], b), C: place(c.c, c.m, c.n, turned[2], nil),
		Runs: []device.Run{{Columns: c.n, Alpha: 2, Bias: -1}},
	}
	out := tensor.Bytes(make([]byte, c.m*c.n*c.c.Size()), c.c, 1, c.m, c.n)
	_, err = device.Await(q, device.Stage{Copies: up}, device.Stage{Dispatches: []device.Dispatch{{Pipeline: p, Matmul: mm}}},
		device.Stage{Copies: []device.Copy{{Dst: device.Host(out), Src: mm.C}}})
	require.NoError(t, err)
	got := make([]float32, c.m*c.n)
	for e := range got {
		got[e] = out.Value(0, e/c.n, e%c.n)
	}
	return got
}
