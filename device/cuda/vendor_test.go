//go:build linux && (amd64 || arm64)

package cuda

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Rows farther apart than cuBLAS can count are left to a kernel of ours.
func TestGemmOfRowsFarApart(t *testing.T) {
	d := &Device{memory: newMemory(nil)}
	q := &queue{device: d}
	for lead, want := range map[int]bool{16: true, math.MaxInt32: true, math.MaxInt32 + 1: false, 1<<32 + 16: false} {
		operand := func(rows, cols, lead int) device.Region {
			bytes := 4 * ((rows-1)*lead + cols)
			b := &buffer{memory: d.memory, space: device.SpaceDevice, length: bytes, gpu: block{size: bytes, gpu: 1 << 40}}
			return part(b, tensor.Dims{1, rows, cols}, tensor.Dims{0, lead, 1}, 0)
		}
		_, ok, err := q.gemm(&device.Matmul{
			Shape: kernels.Shape{Batch: 1, M: 2, N: 3, K: 16},
			A:     operand(2, 16, lead), B: operand(16, 3, 3), C: operand(2, 3, 3),
			Runs: []device.Run{{Columns: 3, Alpha: 1, Bias: -1}},
		})
		require.NoError(t, err)
		require.Equal(t, want, ok, lead)
	}
}
