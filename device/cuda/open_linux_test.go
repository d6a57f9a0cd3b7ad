//go:build linux && (amd64 || arm64)

package cuda

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
)

// needGPU skips a test, loudly, where there is no GPU; if REQUIRE_CUDA is set
// it fails.
func needGPU(t testing.TB) *Device {
	d, err := Open(Config{})
	if err == nil {
		return d.(*Device)
	}
	require.ErrorIs(t, err, device.ErrUnavailable)
	if os.Getenv("REQUIRE_CUDA") != "" {
		t.Fatalf("REQUIRE_CUDA is set: %v", err)
	}
	t.Skipf("NOT TESTED: the GPU: %v; it needs an NVIDIA GPU with its driver, and NVRTC", err)
	return nil
}

// TestConformance runs the suite of all devices on the GPU.
func TestConformance(t *testing.T) { conform(t, Config{}) }

// TestConformancePortable does so with the kernels of other GPUs, where this
// one has its own.
func TestConformancePortable(t *testing.T) {
	d := needGPU(t)
	other := d.gpu.Hopper
	require.NoError(t, d.Close())
	if !other {
		t.Skip("NOT REPEATED: this GPU has no kernels of its own, so TestConformance has run these; for both run it on a Hopper (H100, H200)")
	}
	conform(t, Config{portable: true})
}

func conform(t *testing.T, c Config) {
	d := needGPU(t)
	t.Logf("%s: %v", d.Info().Name, d.Info().Notes)
	require.NoError(t, d.Close())
	devicetest.Exercise(t, func(t testing.TB) device.Device {
		d, err := Open(c)
		require.NoError(t, err)
		return d
	})
}

// A library that is named must be there; to have another device instead is no help.
func TestOpenOfNamedLibraries(t *testing.T) {
	t.Setenv("METALLIC_CACHE_DIR", t.TempDir())
	const file = "/nowhere/lib.so"
	d, _ := simulated(t, 1<<20)
	api := d.context.API
	for variable, open := range map[string]func() error{
		"METALLIC_CUDA_DRIVER": func() error { _, err := open(Config{}); return err },
		"METALLIC_CUDA_NVRTC":  func() error { _, err := openWith(api, Config{}); return err },
		"METALLIC_CUDA_CUBLAS": func() error { return d.start(driver.Version{Major: 13}, false) },
	} {
		t.Run(variable, func(t *testing.T) {
			t.Setenv(variable, file)
			err := unavailable(open())
			require.NotErrorIs(t, err, device.ErrUnavailable)
			var wrong *driver.LibraryError
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, [2]string{variable, file}, [2]string{wrong.Variable, wrong.Path})
			require.ErrorContains(t, err, "No such file")
			require.NotContains(t, err.Error(), "pip")
		})
	}
	require.NoError(t, d.start(driver.Version{Major: 13}, false), "without cuBLAS, if there is none")
	require.NoError(t, d.Close())
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	t.Setenv("METALLIC_CUDA_DRIVER", "/nowhere/libcuda.so")
	_, err := Open(Config{})
	require.ErrorContains(t, err, "no NVIDIA driver")
	require.ErrorContains(t, err, "/nowhere/libcuda.so")
	_, counted := Count()
	require.EqualError(t, counted, err.Error())

	require.ErrorIs(t, unavailable(errors.New("no GPU")), device.ErrUnavailable)
}

// Where nothing can be compiled it is NVRTC's fault, unless the GPU is to blame.
func TestCannotCompile(t *testing.T) {
	t.Setenv("METALLIC_CACHE_DIR", t.TempDir())
	for result, want := range map[uintptr]error{2: device.ErrOutOfMemory, 700: device.ErrLost, 209: nil} {
		d, libraries := simulated(t, 1<<20)
		libraries.On = func(function string, _ int) uintptr {
			if function == "cuModuleLoadData" {
				return result
			}
			return 0
		}
		err := d.start(driver.Version{Major: -1}, false)
		require.Error(t, err)
		var tooNew *driver.TooNew
		require.Equal(t, want == nil, errors.As(err, &tooNew), "%v", err)
		if want != nil {
			require.ErrorIs(t, err, want)
		}
		require.Equal(t, result == 700, errors.Is(unavailable(err), device.ErrBroken))
		libraries.On = nil
		require.NoError(t, d.Close())
	}
}
