//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// What the vendor library computes wrongly is not given to it. Nothing looks at
// the memory, which is not as large as it says.
func TestUntrustedProducts(t *testing.T) {
	b := newPlainBuffer(device.SpaceShared)
	matrix := func(rows, columns, lead int) device.Region {
		v := tensor.Window(b.Pointer(), 1<<40, tensor.F32, tensor.Dims{1, rows, columns}, tensor.Dims{0, lead, 1}, 0)
		return device.Region{Buffer: b, View: v}
	}
	for _, c := range []struct {
		name          string
		m, n, k, lead int
		want          bool
	}{
		{"wide", 4096, 32000, 4096, 32000, true},
		{"square", 13000, 13000, 13000, 13000, true},
		{"a little larger", 13400, 13400, 13400, 13400, false},
		{"rows far apart", 4096, 4096, 4096, 50000, false},
		{"long sums", 16, 16, 1<<15 - 2, 16, true},
		{"longer sums", 16, 16, 1<<15 - 1, 16, false},
		{"a large operand", 1 << 15, 1, 1 << 14, 1, false},
	} {
		_, ok := planProduct(&device.Matmul{
			Shape: kernels.Shape{Batch: 1, M: c.m, N: c.n, K: c.k},
			A:     matrix(c.m, c.k, c.k), B: matrix(c.k, c.n, c.n), C: matrix(c.m, c.n, c.lead),
			Runs: []device.Run{{Columns: c.n, Alpha: 1, Bias: -1}},
		})
		require.Equal(t, c.want, ok, c.name)
	}
}

// Matrices of a batch that reach too far together are given to it one by one.
func TestUntrustedBatch(t *testing.T) {
	b := newPlainBuffer(device.SpaceShared)
	for batch, want := range map[int]int{4: 4, 1 << 12: 1} {
		v := tensor.Window(b.Pointer(), 1<<40, tensor.F32, tensor.Dims{batch, 512, 512}, tensor.Dims{512 * 512, 512, 1}, 0)
		r := device.Region{Buffer: b, View: v}
		p, ok := planProduct(&device.Matmul{
			Shape: kernels.Shape{Batch: batch, M: 512, N: 512, K: 512}, A: r, B: r, C: r,
			Runs: []device.Run{{Columns: 512, Alpha: 1, Bias: -1}},
		})
		require.True(t, ok)
		require.Equal(t, want, p.matrices)
	}
}
