//go:build linux && (amd64 || arm64)

package cuda

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// fake returns a buffer without a GPU.
func fake(space device.Space, bytes int) *buffer {
	b := &buffer{space: space, length: bytes}
	if space != device.SpaceHost {
		b.gpu = block{size: bytes, gpu: 1 << 40}
	}
	if space != device.SpaceDevice {
		b.host = block{size: bytes, host: unsafe.Pointer(unsafe.SliceData(make([]byte, bytes)))}
	}
	return b
}

func part(b *buffer, dims, strides tensor.Dims, offset int) device.Region {
	v := device.In(b, tensor.F32, tensor.Dims{1, 1, b.length / 4}, 0).View
	return device.Region{Buffer: b, View: v.Strided(dims, strides, offset)}
}

func TestTransfersOfAProduct(t *testing.T) {
	shared, weights := fake(device.SpaceShared, 4096), fake(device.SpaceDevice, 4096)
	m := &device.Matmul{
		Shape: kernels.Shape{Batch: 1, M: 4, N: 2, K: 8},
		A:     part(weights, tensor.Dims{1, 4, 8}, tensor.Dims{32, 8, 1}, 0),
		B:     part(shared, tensor.Dims{1, 8, 2}, tensor.Dims{16, 1, 8}, 0),
		C:     part(shared, tensor.Dims{1, 4, 2}, tensor.Dims{8, 1, 4}, 16),
		Runs:  []device.Run{{Columns: 2, Alpha: 1, Bias: -1}},
	}
	var x transfers
	x.dispatch(&device.Dispatch{Matmul: m})
	require.Len(t, x.all, 1, "the weights are the GPU's")
	require.Equal(t, span{0, 64}, x.all[0].up, "C is written, not read")
	require.Equal(t, []span{{64, 96}}, x.all[0].down)

	m.Runs[0].Beta = 1
	x = transfers{}
	x.dispatch(&device.Dispatch{Matmul: m})
	require.Equal(t, span{0, 96}, x.all[0].up)

	m.Runs[0] = device.Run{Columns: 2, Bias: -1}
	x = transfers{}
	x.dispatch(&device.Dispatch{Matmul: m})
	require.True(t, x.all[0].up.empty(), "with alpha 0 nothing is read")
}

// What lies between written elements comes back with them, so it goes up first.
func TestTransfersOfGaps(t *testing.T) {
	shared := fake(device.SpaceShared, 4096)
	y := part(shared, tensor.Dims{1, 2, 4}, tensor.Dims{0, 8, 1}, 8)
	x := part(fake(device.SpaceDevice, 4096), tensor.Dims{1, 2, 4}, tensor.Dims{0, 4, 1}, 0)
	var all transfers
	all.copy(&device.Copy{Dst: y, Src: x})
	require.Equal(t, span{32, 80}, all.all[0].up)
	require.Equal(t, []span{{32, 80}}, all.all[0].down)

	dense := part(shared, tensor.Dims{1, 2, 4}, tensor.Dims{0, 4, 1}, 0)
	all = transfers{}
	all.dispatch(&device.Dispatch{Softmax: &device.Softmax{X: x, Y: dense, Rows: []device.RowRun{{Rows: 2, Cols: 3, Limit: 3}}}})
	require.Equal(t, span{0, 32}, all.all[0].up, "a column is not written")
	all = transfers{}
	all.dispatch(&device.Dispatch{Softmax: &device.Softmax{X: x, Y: dense, Rows: []device.RowRun{{Rows: 2, Cols: 4, Limit: 1}}}})
	require.True(t, all.all[0].up.empty())
}

func TestMerge(t *testing.T) {
	require.Equal(t, []span{{0, 12}, {16, 20}}, merge([]span{{16, 20}, {0, 8}, {8, 12}, {2, 4}}))
	require.Empty(t, merge(nil))
}

// Copies by the processor keep batches apart that touch the same pinned memory.
func TestTasksWaitForEachOther(t *testing.T) {
	shared, other, weights := fake(device.SpaceShared, 64), fake(device.SpaceShared, 64), fake(device.SpaceDevice, 64)
	whole := func(b *buffer) device.Region { return part(b, tensor.Dims{1, 1, 16}, tensor.Dims{16, 16, 1}, 0) }
	caller := device.Host(tensor.Vector(make([]float32, 16)).T())
	prepared := func(stages ...device.Copy) *task {
		t := &task{batch: &device.Batch{}}
		for _, c := range stages {
			t.batch.Stages = append(t.batch.Stages, device.Stage{Copies: []device.Copy{c}})
		}
		t.prepare()
		return t
	}
	caller.View = caller.View.Strided(tensor.Dims{1, 1, 16}, tensor.Dims{16, 16, 1}, 0)
	bring := prepared(device.Copy{Dst: whole(shared), Src: caller}, device.Copy{Dst: whole(weights), Src: whole(shared)})
	fetch := prepared(device.Copy{Dst: whole(other), Src: whole(shared)}, device.Copy{Dst: caller, Src: whole(other)})
	inside := prepared(device.Copy{Dst: whole(other), Src: whole(shared)})
	alone := prepared(device.Copy{Dst: whole(weights), Src: caller}, device.Copy{Dst: caller, Src: whole(weights)})
	for _, task := range []*task{bring, fetch, inside, alone} {
		require.NoError(t, task.err)
	}
	waits := func(later, earlier *task) bool { return later.mustWaitFor([]*task{earlier}) }
	require.True(t, waits(bring, inside), "the processor writes what the GPU has yet to read")
	require.False(t, waits(inside, bring), "the stream keeps the order")
	require.True(t, waits(inside, fetch), "the GPU writes what the processor has yet to read")
	require.False(t, waits(alone, bring))
	require.False(t, waits(bring, alone))
}

func TestCompact(t *testing.T) {
	b := fake(device.SpaceDevice, 4096)
	for _, c := range []struct {
		dims, strides tensor.Dims
		want          bool
	}{
		{tensor.Dims{2, 3, 4}, tensor.Dims{12, 4, 1}, true},
		{tensor.Dims{1, 3, 4}, tensor.Dims{99, 4, 1}, true},
		{tensor.Dims{1, 3, 4}, tensor.Dims{0, 1, 3}, false},
		{tensor.Dims{1, 3, 4}, tensor.Dims{0, 5, 1}, false},
	} {
		r := part(b, c.dims, c.strides, 3)
		require.Equal(t, c.want, compact(&r.View), "%v", c)
	}
}

var (
	outOfMemory    = &driver.Error{Call: "cuMemAlloc_v2", Code: driver.OutOfMemory}
	illegalAddress = &driver.Error{Call: "cuEventSynchronize", Code: 700}
)

func TestStickyErrorsLoseTheDevice(t *testing.T) {
	d := &Device{}
	require.ErrorIs(t, d.failed("k", outOfMemory), device.ErrOutOfMemory)
	require.False(t, d.lost.Load())
	var failed *device.KernelError
	require.ErrorAs(t, d.failed("k", errForeign), &failed)
	require.ErrorIs(t, d.failed("k", illegalAddress), device.ErrLost)
	require.ErrorIs(t, d.usable("batch"), device.ErrLost)
}
