package devicetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// testCopies copies between all layouts of all types: from the host, through
// a buffer of each space, to the host.
func testCopies(t *testing.T, b *bench) {
	sizes := []tensor.Dims{{2, 3, 5}, {1, 1, 7}, {1, 7, 1}, {3, 1, 1}, {1, 0, 4}, {1, 300, 257}}
	for _, dt := range tensor.DTypes {
		for i, from := range kerneltest.Layouts {
			for j, to := range kerneltest.Layouts {
				d, space := sizes[(i+j)%len(sizes)], spaces[(i+2*j)%len(spaces)]
				copyThrough(t, b, dt, d, from, to, space)
			}
		}
	}
}

func copyThrough(t *testing.T, b *bench, dt tensor.DType, d tensor.Dims, from, to kerneltest.Layout, space device.Space) {
	src, dst := kerneltest.NewOperand(dt, d, from, false), kerneltest.NewOperand(dt, d, to, false)
	n := 0
	src.Fill(func(int, int, int) float32 { n++; return float32(n % 251) })
	src.Seal()
	dst.Seal()
	buffer := b.alloc(t, space, max(1, src.View.Len()*dt.Size()))
	middle := device.In(buffer, dt, d, 0)
	require.NoError(t, b.run(
		copyStage(middle, device.Host(src.View)),
		copyStage(device.Host(dst.View), middle),
	), "%v %v %v to %v through %v", dt, d, from, to, space)
	require.NoError(t, src.Changed(nil))
	require.NoError(t, dst.Changed(func(int, int, int) bool { return true }))
	for x := range d[0] {
		for i := range d[1] {
			for j := range d[2] {
				require.Equal(t, src.Bits(x, i, j), dst.Bits(x, i, j), "%v %v %v to %v at %d, %d, %d", dt, d, from, to, x, i, j)
			}
		}
	}
}
