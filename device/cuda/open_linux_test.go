//go:build linux && (amd64 || arm64)

package cuda

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
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

func TestOpenSaysWhatIsMissing(t *testing.T) {
	t.Setenv("METALLIC_CUDA_DRIVER", "/nowhere/libcuda.so")
	_, err := Open(Config{})
	require.ErrorIs(t, err, device.ErrUnavailable)
	require.ErrorContains(t, err, "no NVIDIA driver")
	require.ErrorContains(t, err, "/nowhere/libcuda.so")
}
