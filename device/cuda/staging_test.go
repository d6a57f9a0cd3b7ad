//go:build linux && (amd64 || arm64)

package cuda

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// What goes to the GPU and back as it is takes no memory of it besides: more than
// half of it can be loaded.
func TestStagingOfDirectCopies(t *testing.T) {
	const n = 1 << 20
	d, libraries := simulated(t, 4*n+4*n/2)
	q, err := d.NewQueue()
	require.NoError(t, err)
	b, err := d.Alloc(device.SpaceDevice, 4*n)
	require.NoError(t, err)
	numbers := make([]float32, n)
	numbers[0], numbers[n-1] = 1, 2
	require.NoError(t, upload(q, b, numbers))

	v := tensor.Matrix(make([]float32, n), 1, n)
	fetch := device.Copy{Dst: device.Host(v), Src: device.In(b, tensor.F32, v.Dims(), 0)}
	_, err = device.Await(q, device.Stage{}, device.Stage{Copies: []device.Copy{fetch}})
	require.NoError(t, err)
	require.Equal(t, [2]float32{1, 2}, [2]float32{v.Value(0, 0, 0), v.Value(0, 0, n-1)})
	require.Equal(t, 1, libraries.Calls("cuMemAlloc_v2"))
	require.NoError(t, q.Close())
	require.NoError(t, d.Close())
}
