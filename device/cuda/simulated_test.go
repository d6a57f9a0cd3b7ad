//go:build linux && (amd64 || arm64)

package cuda

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver/drivertest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// simulated returns a device without a GPU that has so much memory.
func simulated(t *testing.T, room int) (*Device, *drivertest.Libraries) {
	libraries := drivertest.New()
	libraries.Room = room
	api, compiler, blas := driver.Simulated(drivertest.Address)
	context, err := api.Open(0)
	require.NoError(t, err)
	return &Device{context: context, compiler: compiler, blas: blas, memory: newMemory(context)}, libraries
}

// upload copies numbers to a buffer of the device's.
func upload(q device.Queue, to device.Buffer, numbers []float32) error {
	v := tensor.Matrix(numbers, 1, len(numbers))
	_, err := device.Await(q, device.Stage{Copies: []device.Copy{{Dst: device.In(to, tensor.F32, v.Dims(), 0), Src: device.Host(v)}}}, device.Stage{})
	return err
}
