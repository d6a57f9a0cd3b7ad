//go:build darwin || linux

package metal

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestSplit(t *testing.T) {
	b := newPlainBuffer(device.SpaceShared)
	in, out := window(b, 0, 2, 2, 2), window(b, 4, 2, 2, 2)
	host := device.Host(tensor.Matrix(make([]float32, 4), 2, 2))
	up, down, across := device.Copy{Dst: in, Src: host}, device.Copy{Dst: host, Src: out}, device.Copy{Dst: out, Src: in}
	work := []device.Dispatch{{}}
	copies := func(all ...device.Copy) device.Stage { return device.Stage{Copies: all} }
	for _, c := range []struct {
		name   string
		stages []device.Stage
		want   steps
	}{
		{"nothing", nil, steps{}},
		{"gather, work, scatter", []device.Stage{copies(up), {Dispatches: work}, copies(down)},
			steps{before: []device.Copy{up}, stages: []stage{{dispatches: work}}, after: []device.Copy{down}}},
		{"one stage of both", []device.Stage{copies(down, up, across)},
			steps{before: []device.Copy{up}, stages: []stage{{copies: []device.Copy{across}}}, after: []device.Copy{down}}},
		{"up at the end", []device.Stage{copies(up), copies(across, up)},
			steps{before: []device.Copy{up}, stages: []stage{{copies: []device.Copy{across}}}, after: []device.Copy{up}}},
		{"down at the start", []device.Stage{copies(down), {Dispatches: work}},
			steps{before: []device.Copy{down}, stages: []stage{{dispatches: work}}}},
		{"on the GPU alone", []device.Stage{copies(across), {}, {Copies: []device.Copy{across}, Dispatches: work}},
			steps{stages: []stage{{copies: []device.Copy{across}}, {copies: []device.Copy{across}, dispatches: work}}}},
	} {
		got, err := split(&device.Batch{Stages: c.stages})
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got, c.name)
	}
}

func TestSplitRefuses(t *testing.T) {
	b := newPlainBuffer(device.SpaceShared)
	host := device.Host(tensor.Matrix(make([]float32, 4), 2, 2))
	fits := device.Stage{Copies: []device.Copy{{Dst: window(b, 0, 2, 2, 2), Src: host}}}
	unlike := device.Stage{Copies: []device.Copy{{Dst: window(b, 0, 1, 4, 4), Src: host}}}
	for want, stages := range map[string][]device.Stage{
		"neither the first nor the last": {fits, fits, fits},
		"copy of":                        {unlike},
	} {
		_, err := split(&device.Batch{Stages: stages})
		var failed *device.KernelError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, copyKernel, failed.Kernel)
		require.ErrorContains(t, err, want)
	}
}

func TestCopyByProcessorOfStrangers(t *testing.T) {
	host := device.Host(tensor.Matrix(make([]float32, 4), 2, 2))
	nowhere := device.Host(tensor.Window(nil, 16, tensor.F32, tensor.Dims{1, 2, 2}, tensor.Dims{4, 2, 1}, 0))
	require.ErrorIs(t, copyByProcessor(&device.Copy{Dst: window(newPlainBuffer(device.SpaceShared), 0, 2, 2, 2), Src: host}), errForeign)
	require.ErrorContains(t, copyByProcessor(&device.Copy{Dst: host, Src: nowhere}), "without memory")
}
