//go:build darwin || linux

package metal

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/gpu"
	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
	"github.com/metallic-sched/metallic-sched/device/metal/objc"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Each batch doubles the same vector and copies it to the caller, and all are
// committed at once: the GPU must not write what the processor has yet to copy.
func TestBatchesWaitForCopiesOfThoseBefore(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y := s.vector(device.SpaceDevice), s.vector(device.SpaceDevice)
	double := s.scaling("matmul_gemv", 2, y, x)
	require.NoError(t, run(q, transfer(x, column(ones()))))
	const batches = 20
	ends := make(chan ended, batches)
	results := make([][]float32, batches)
	for i := range batches {
		results[i] = make([]float32, width)
		commit(q, ends, uint64(i), work(double), transfer(x, y), transfer(column(results[i]), x))
	}
	for i := range batches {
		e := <-ends
		require.NoError(t, e.err)
		require.EqualValues(t, i, e.id)
		require.EqualValues(t, uint64(2)<<i, results[i][width-1])
	}
}

// A copy from the caller in a batch's last stage comes after its work, and
// before the next batch.
func TestCopyToTheDeviceAtTheEnd(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y := s.vector(device.SpaceDevice), s.vector(device.SpaceDevice)
	double := s.scaling("matmul_gemv", 2, y, x)
	ends := make(chan ended, 3)
	ten, got := ones(), make([]float32, width)
	for i := range ten {
		ten[i] = 10
	}
	commit(q, ends, 0, transfer(x, column(ones())))
	commit(q, ends, 1, work(double), transfer(x, column(ten)))
	commit(q, ends, 2, work(double), transfer(column(got), y))
	for range 3 {
		require.NoError(t, (<-ends).err)
	}
	require.EqualValues(t, 20, got[0])
}

// While a batch hangs, those that it does not concern are given to the GPU, and
// none ends before it.
func TestHangingBatch(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y := s.vector(device.SpaceShared), s.vector(device.SpaceShared)
	double := s.scaling("matmul_gemv", 2, y, x)
	ends := make(chan ended, 2*maxAhead)
	s.Hang()
	for i := range 2 * maxAhead {
		commit(q, ends, uint64(i), work(double))
	}
	s.WaitHanging(1)
	require.Empty(t, ends)
	s.Simulator.Release()
	for i := range 2 * maxAhead {
		e := <-ends
		require.NoError(t, e.err)
		require.EqualValues(t, i, e.id)
	}
}

// What Metal says of a command buffer ends the batch, and only that one.
func TestFailingBatch(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y := s.vector(device.SpaceShared), s.vector(device.SpaceShared)
	double := s.scaling("matmul_gemv", 2, y, x)
	got := make([]float32, width)
	for _, code := range []metalsim.Code{metalsim.Timeout, metalsim.PageFault, metalsim.Internal, metalsim.InvalidResource} {
		s.FailCommand(code, 0)
		var kernel *device.KernelError
		require.ErrorAs(t, run(q, work(double), transfer(column(got), y)), &kernel)
		require.Equal(t, "matmul_gemv", kernel.Kernel)
		require.Zero(t, got[0], "the copy after it did not run")
	}
	s.FailCommand(metalsim.OutOfMemory, 0)
	require.ErrorIs(t, run(q, work(double)), device.ErrOutOfMemory)
	require.NoError(t, run(q, transfer(x, column(ones())), work(double), transfer(column(got), y)))
	require.EqualValues(t, 2, got[0])
}

// After a loss everything ends with it, in order.
func TestLostDevice(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y := s.vector(device.SpaceShared), s.vector(device.SpaceShared)
	double := s.scaling("matmul_gemv", 2, y, x)
	s.FailCommand(metalsim.DeviceRemoved, 0)
	ends := make(chan ended, 4)
	for i := range 4 {
		commit(q, ends, uint64(i), work(double))
	}
	for i := range 4 {
		e := <-ends
		require.EqualValues(t, i, e.id)
		require.ErrorIs(t, e.err, device.ErrLost)
	}
	_, err := s.device.Alloc(device.SpaceShared, 1)
	require.ErrorIs(t, err, device.ErrLost)
	_, err = s.device.Compile(gemv)
	require.ErrorIs(t, err, device.ErrLost)
	require.NoError(t, q.Close())
}

// A mistake in a batch is found before anything of it is given to the GPU.
func TestMistakes(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y := s.vector(device.SpaceShared), s.vector(device.SpaceShared)
	good := s.scaling("matmul_gemv", 2, y, x)
	change := func(f func(d *device.Dispatch)) device.Stage {
		d, m := good, *good.Matmul
		d.Matmul = &m
		f(&d)
		return work(d)
	}
	foreign := newPlainBuffer(device.SpaceShared)
	clear(floats(y.Buffer))
	require.NoError(t, run(q, transfer(x, column(ones()))))
	for want, bad := range map[string]device.Stage{
		"another device":  change(func(d *device.Dispatch) { d.Matmul.B = window(foreign, 0, width, 1, 1) }),
		"caller's memory": change(func(d *device.Dispatch) { d.Matmul.B = column(ones()) }),
		"not the kernel":  change(func(d *device.Dispatch) { d.Matmul = nil; d.Softmax = &device.Softmax{X: x, Y: y} }),
		"want":            change(func(d *device.Dispatch) { d.Matmul.Shape.M++ }),
		"of another":      change(func(d *device.Dispatch) { d.Pipeline = stranger{d.Pipeline} }),
	} {
		var kernel *device.KernelError
		err := run(q, work(good), bad)
		require.ErrorAs(t, err, &kernel, want)
		require.ErrorContains(t, err, want)
		require.Equal(t, "matmul_gemv", kernel.Kernel)
		require.Zero(t, floats(y.Buffer)[0], "the first stage ran")
	}
	var kernel *device.KernelError
	require.ErrorAs(t, run(q, change(func(d *device.Dispatch) { d.Pipeline = nil })), &kernel)
	require.Equal(t, "without a pipeline", kernel.Kernel)
	s.Fail(metalsim.NoCommandBuffer, 1)
	require.ErrorContains(t, run(q, work(good)), "command buffer")
	require.NoError(t, run(q, work(good)))
	require.EqualValues(t, 2, floats(y.Buffer)[0])
}

type stranger struct{ device.Pipeline }

func TestProfile(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y := s.vector(device.SpaceShared), s.vector(device.SpaceShared)
	double := s.scaling("matmul_gemv", 2, y, x)
	nothing := double
	m := *double.Matmul
	m.Shape.N, m.Runs = 0, nil
	m.B.View, m.C.View = m.B.View.Slice(0, width, 0, 0), m.C.View.Slice(0, width, 0, 0)
	nothing.Matmul = &m
	ends := make(chan ended, 1)
	q.Commit(&device.Batch{
		Profile: true,
		Stages:  []device.Stage{transfer(x, column(ones())), work(double, nothing), transfer(x, y), work(double)},
		Done:    func(_ *device.Batch, t device.Timing, err error) { ends <- ended{0, t, err} },
	})
	e := <-ends
	require.NoError(t, e.err)
	require.Len(t, e.timing.Dispatches, 3, "one that has nothing to do, too")
	require.Positive(t, e.timing.Device)
	require.EqualValues(t, 4, floats(y.Buffer)[0])
	require.Nil(t, profileless(t, q, double).Dispatches)
}

func profileless(t *testing.T, q device.Queue, d device.Dispatch) device.Timing {
	ends := make(chan ended, 1)
	commit(q, ends, 0, work(d))
	e := <-ends
	require.NoError(t, e.err)
	return e.timing
}

// More completion handlers than there are callbacks in a process.
func TestManyBatches(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x, y := s.vector(device.SpaceShared), s.vector(device.SpaceShared)
	double := s.scaling("matmul_gemv", 2, y, x)
	const batches = 2500
	ends := make(chan ended, batches)
	for i := range batches {
		commit(q, ends, uint64(i), work(double))
	}
	for i := range batches {
		e := <-ends
		require.NoError(t, e.err)
		require.EqualValues(t, i, e.id)
	}
	require.Zero(t, objc.PendingBlocks())
}

func TestClosedQueue(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	require.NoError(t, q.Close())
	require.ErrorIs(t, q.Close(), device.ErrClosed)
	require.ErrorIs(t, run(q), device.ErrClosed)
	s.Fail(metalsim.NoQueue, 1)
	_, err := s.device.NewQueue()
	require.ErrorContains(t, err, "new queue")
}

// Memory of the caller that is not there is the batch's failure, not the
// process's.
func TestCopyOfMissingMemory(t *testing.T) {
	s := openSimulated(t, nil)
	q := s.queue()
	x := s.vector(device.SpaceShared)
	missing := device.Host(tensor.Window(nil, 4*width, tensor.F32, tensor.Dims{1, width, 1}, tensor.Dims{width, 1, 1}, 0))
	err := run(q, transfer(x, missing))
	var kernel *device.KernelError
	require.True(t, errors.As(err, &kernel), err)
	require.Equal(t, gpu.CopyKernel, kernel.Kernel)
}
