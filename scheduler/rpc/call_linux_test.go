package rpc_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// A result that cannot be written where it belongs fails its job, and no other of
// the client's.
func TestResultFaults(t *testing.T) {
	memory := devicetest.Mapped(t, 4096, unix.PROT_READ)
	c := startRig(t, rigConfig{}).dial(rpc.Config{})
	product := func(y tensor.View) *job.Matmul {
		return &job.Matmul{A: tensor.Matrix([]float32{1, 2}, 1, 2), B: tensor.Matrix([]float32{3, 4}, 2, 1), C: y}
	}
	err := c.Do(t.Context(), product(tensor.Bytes(memory[:4], tensor.F32, 1, 1, 1)))
	require.ErrorIs(t, err, job.ErrFailed)
	var gone *device.MemoryError
	require.ErrorAs(t, err, &gone)
	y := tensor.Matrix(make([]float32, 1), 1, 1)
	require.NoError(t, c.Do(t.Context(), product(y)))
	require.EqualValues(t, 11, y.Value(0, 0, 0))
}
