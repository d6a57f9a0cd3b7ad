package gpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestSplit(t *testing.T) {
	d := tensor.Dims{1, 1, 4}
	buffer := region(t, d, 0)
	host := device.Host(tensor.Matrix(make([]float32, 4), 1, 4))
	up, down, inside := device.Copy{Dst: buffer, Src: host}, device.Copy{Dst: host, Src: buffer}, device.Copy{Dst: buffer, Src: buffer}
	stage := func(all ...device.Copy) device.Stage { return device.Stage{Copies: all} }
	split := func(stages ...device.Stage) (s Steps, err error) {
		err = s.Split(&device.Batch{Stages: stages})
		return s, err
	}

	s, err := split(stage(up), stage(inside), stage(down))
	require.NoError(t, err)
	require.Equal(t, Steps{Before: []device.Copy{up}, Stages: []device.Stage{stage(inside)}, After: []device.Copy{down}}, s)

	s, err = split(stage(up, inside, down))
	require.NoError(t, err)
	require.Equal(t, Steps{Before: []device.Copy{up}, Stages: []device.Stage{stage(inside)}, After: []device.Copy{down}}, s, "the first is the last")

	s, err = split(stage(inside), stage(up))
	require.NoError(t, err)
	require.Equal(t, []device.Copy{up}, s.After, "to a buffer, but after the GPU's work")

	_, err = split(device.Stage{}, stage(up), device.Stage{})
	var failed *device.KernelError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, CopyKernel, failed.Kernel)

	other := host
	other.View = tensor.Matrix(make([]float32, 5), 1, 5)
	_, err = split(stage(device.Copy{Dst: buffer, Src: other}))
	require.ErrorAs(t, err, &failed)
}
