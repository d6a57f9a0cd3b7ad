package gpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestSplit(t *testing.T) {
	buffer := region(t, tensor.Dims{1, 1, 4}, 0)
	host := device.Host(tensor.Matrix(make([]float32, 4), 1, 4))
	up, down, across := device.Copy{Dst: buffer, Src: host}, device.Copy{Dst: host, Src: buffer}, device.Copy{Dst: buffer, Src: buffer}
	work := []device.Dispatch{{}}
	copies := func(all ...device.Copy) device.Stage { return device.Stage{Copies: all} }
	for name, c := range map[string]struct {
		stages []device.Stage
		want   Steps
	}{
		"nothing": {},
		"gather, work, scatter": {
			[]device.Stage{copies(up), {Dispatches: work}, copies(down)},
			Steps{Before: []device.Copy{up}, Stages: []device.Stage{{Dispatches: work}}, After: []device.Copy{down}},
		},
		"one stage of both": {
			[]device.Stage{copies(down, up, across)},
			Steps{Before: []device.Copy{up}, Stages: []device.Stage{copies(across)}, After: []device.Copy{down}},
		},
		"up at the end": {
			[]device.Stage{copies(up), copies(across, up)},
			Steps{Before: []device.Copy{up}, Stages: []device.Stage{copies(across)}, After: []device.Copy{up}},
		},
		"down at the start": {
			[]device.Stage{copies(down), {Dispatches: work}},
			Steps{Before: []device.Copy{down}, Stages: []device.Stage{{Dispatches: work}}},
		},
		"on the GPU alone": {
			[]device.Stage{copies(across), {}, {Copies: []device.Copy{across}, Dispatches: work}},
			Steps{Stages: []device.Stage{copies(across), {Copies: []device.Copy{across}, Dispatches: work}}},
		},
	} {
		var s Steps
		require.NoError(t, s.Split(&device.Batch{Stages: c.stages}), name)
		require.Equal(t, c.want, s, name)
	}
}

// The next batch is split into the memory of the one before, of which nothing
// is left.
func TestClear(t *testing.T) {
	buffer := region(t, tensor.Dims{1, 1, 4}, 0)
	host := device.Host(tensor.Matrix(make([]float32, 4), 1, 4))
	b := &device.Batch{Stages: []device.Stage{
		{Copies: []device.Copy{{Dst: buffer, Src: host}, {Dst: buffer, Src: host}}},
		{Dispatches: []device.Dispatch{{}}},
		{Copies: []device.Copy{{Dst: host, Src: buffer}}},
	}}
	var s, want Steps
	require.NoError(t, s.Split(b))
	require.NoError(t, want.Split(b))
	before, stages, after := s.Before, s.Stages, s.After
	s.Clear()
	require.Equal(t, Steps{Before: []device.Copy{}, Stages: []device.Stage{}, After: []device.Copy{}}, s)
	require.Equal(t, []device.Copy{{}, {}}, before)
	require.Equal(t, []device.Stage{{}}, stages)
	require.Equal(t, []device.Copy{{}}, after)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		s.Clear()
		if s.Split(b) != nil {
			t.Error("it does not fit any more")
		}
	}))
	require.Equal(t, want, s)
}

func TestSplitRefuses(t *testing.T) {
	buffer := region(t, tensor.Dims{1, 1, 4}, 0)
	fits := device.Stage{Copies: []device.Copy{{Dst: buffer, Src: device.Host(tensor.Matrix(make([]float32, 4), 1, 4))}}}
	unlike := device.Stage{Copies: []device.Copy{{Dst: buffer, Src: device.Host(tensor.Matrix(make([]float32, 5), 1, 5))}}}
	for want, stages := range map[string][]device.Stage{
		"neither the first nor the last": {fits, fits, fits},
		"copy of":                        {unlike},
	} {
		var s Steps
		err := s.Split(&device.Batch{Stages: stages})
		var failed *device.KernelError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, CopyKernel, failed.Kernel)
		require.ErrorContains(t, err, want)
	}
}
