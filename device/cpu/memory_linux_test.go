package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// TestFaultEndsTheBatch reads a caller's memory that may not be read, like a
// mapped file that was cut short. Small copies run on the queue's goroutine,
// large ones on the pool.
func TestFaultEndsTheBatch(t *testing.T) {
	q := newQueueOf(t, open(t, 3))
	for _, n := range []int{1 << 10, 1 << 22} {
		src := device.Host(tensor.Bytes(devicetest.Mapped(t, 4*n, unix.PROT_NONE), tensor.F32, 1, 1, n))
		dst := device.Host(tensor.Matrix(make([]float32, n), 1, n))
		var failed *device.KernelError
		require.ErrorAs(t, newCommitter(t, q, device.Stage{Copies: []device.Copy{{Dst: dst, Src: src}}}).run(), &failed)
		require.Equal(t, copyKernel, failed.Kernel)
		require.NoError(t, newCommitter(t, q, device.Stage{Copies: []device.Copy{{Dst: dst, Src: dst}}}).run())
	}
}
