//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestCopyByProcessorOfStrangers(t *testing.T) {
	host := device.Host(tensor.Matrix(make([]float32, 4), 2, 2))
	nowhere := device.Host(tensor.Window(nil, 16, tensor.F32, tensor.Dims{1, 2, 2}, tensor.Dims{4, 2, 1}, 0))
	require.ErrorIs(t, copyByProcessor(&device.Copy{Dst: window(newPlainBuffer(device.SpaceShared), 0, 2, 2, 2), Src: host}), errForeign)
	require.ErrorContains(t, copyByProcessor(&device.Copy{Dst: host, Src: nowhere}), "without memory")
}
