//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver/drivertest"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Calls that take memory which nobody sees, and what they say when there is none.
var hungry = []struct {
	function string
	result   uintptr
	says     bool // that it is memory
	do       func(*Device, *queue) error
}{
	{"cuModuleLoadData", 2, true, loadSome},
	{"cuModuleGetFunction", 2, true, loadSome},
	{"cuStreamCreate", 2, true, openQueue},
	{"cuLaunchKernel", 2, true, copyOnGPU},
	{"cublasCreate_v2", 3, true, multiplySome},
	{"cublasCreate_v2", 1, false, multiplySome},
	{"cublasSetStream_v2", 3, true, multiplySome},
	{"cublasGemmStridedBatchedEx", 3, true, multiplySome},
}

func loadSome(d *Device, _ *queue) error {
	_, err := d.module(someKernel)
	return err
}

func openQueue(d *Device, _ *queue) error {
	q, err := d.NewQueue()
	if err != nil {
		return err
	}
	return q.Close()
}

func copyOnGPU(d *Device, q *queue) error {
	d.copies[0] = &functions{}
	b := &buffer{memory: d.memory, space: device.SpaceDevice, length: 64, gpu: block{size: 64, gpu: 1 << 40}}
	all := part(b, tensor.Dims{1, 1, 16}, tensor.Dims{16, 16, 1}, 0)
	return q.copy(&device.Copy{Dst: all, Src: all})
}

func multiplySome(_ *Device, q *queue) error { return q.callBLAS(&driver.Gemm{}) }

// withSpare returns a device that keeps memory of the GPU and pinned memory, and
// what a batch needs of it.
func withSpare(t *testing.T) (*Device, *queue, *drivertest.Libraries) {
	t.Setenv("METALLIC_CACHE_DIR", t.TempDir())
	d, libraries := simulated(t, 1<<20)
	b, err := d.Alloc(device.SpaceShared, 4096)
	require.NoError(t, err)
	b.Free()
	stream, err := d.context.NewStream()
	require.NoError(t, err)
	return d, &queue{device: d, stream: stream}, libraries
}

// Spare memory of either kind goes back to the driver before anything fails for
// want of memory, and not only what asks for some.
func TestSpareMemoryIsGivenBackToLibraries(t *testing.T) {
	for _, c := range hungry {
		t.Run(fmt.Sprint(c.function, c.result), func(t *testing.T) {
			d, q, libraries := withSpare(t)
			libraries.On = func(function string, _ int) uintptr {
				gpu, pinned := libraries.InUse()
				if function == c.function && (gpu > 0 || pinned > 0) {
					return c.result
				}
				return 0
			}
			require.NoError(t, c.do(d, q))
			require.NoError(t, c.do(d, q))
			require.NoError(t, d.Close())
		})
	}
}

// What fails again is an error, and what fails for another reason is not done again.
func TestRetriesOnce(t *testing.T) {
	for _, c := range hungry {
		t.Run(fmt.Sprint(c.function, c.result), func(t *testing.T) {
			d, q, libraries := withSpare(t)
			before := libraries.Calls(c.function)
			result := c.result
			libraries.On = func(function string, _ int) uintptr {
				if function == c.function {
					return result
				}
				return 0
			}
			err := d.explain(c.do(d, q))
			require.Error(t, err)
			require.Equal(t, c.says, errors.Is(err, device.ErrOutOfMemory), "%v", err)
			require.Equal(t, 2, libraries.Calls(c.function)-before)

			result = 13 // neither the driver's nor cuBLAS's for memory
			require.Error(t, c.do(d, q))
			require.Equal(t, 3, libraries.Calls(c.function)-before)
			libraries.On = nil
			require.NoError(t, d.Close())
		})
	}
}

// A handle that was made and has no stream is given up before another is made.
func TestRetriedHandle(t *testing.T) {
	d, q, libraries := withSpare(t)
	libraries.On = func(function string, nth int) uintptr {
		if function == "cublasSetStream_v2" && nth == 1 {
			return 3
		}
		return 0
	}
	require.NoError(t, multiplySome(d, q))
	require.NoError(t, q.blas.Close())
	require.Equal(t, 2, libraries.Calls("cublasCreate_v2"))
	require.Equal(t, 2, libraries.Calls("cublasDestroy_v2"))
	require.NoError(t, d.Close())
}
