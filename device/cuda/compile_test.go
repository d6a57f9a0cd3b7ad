//go:build linux && (amd64 || arm64)

package cuda

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/device/cuda/launch"
	shaders "github.com/metallic-sched/metallic-sched/shaders/cuda"
)

var someKernel = launch.Kernel{File: "gemv", Types: shaders.Types{A: "f32", B: "f32", C: "f32"}}

// What still compiles when the device is closed is unloaded when it has ended, and
// then the GPU is given back.
func TestCloseWhileSomethingCompiles(t *testing.T) {
	t.Setenv("METALLIC_CACHE_DIR", t.TempDir())
	d, libraries := simulated(t, 1<<20)
	compiling, goOn := make(chan struct{}), make(chan struct{})
	early := false
	libraries.On = func(function string, _ int) uintptr {
		switch function {
		case "nvrtcCompileProgram":
			close(compiling)
			<-goOn
		case "cuModuleUnload":
			early = libraries.Calls("cuDevicePrimaryCtxRelease_v2") > 0
		}
		return 0
	}
	ended := make(chan error)
	go func() {
		_, err := d.module(someKernel)
		ended <- err
	}()
	<-compiling
	require.NoError(t, d.Close())
	close(goOn)
	require.ErrorIs(t, <-ended, device.ErrClosed)
	require.False(t, early, "the GPU was given back before the code was unloaded")
	require.Equal(t, 1, libraries.Calls("cuModuleLoadData"))
	require.Equal(t, 1, libraries.Calls("cuModuleUnload"))
	require.Equal(t, 1, libraries.Calls("cuDevicePrimaryCtxRelease_v2"))
	_, err := d.module(someKernel)
	require.ErrorIs(t, err, device.ErrClosed)
}

// A compiler that makes nothing is an error, not for good.
func TestCompileToNothing(t *testing.T) {
	t.Setenv("METALLIC_CACHE_DIR", t.TempDir())
	d, libraries := simulated(t, 1<<20)
	libraries.CodeSize = 0
	_, err := d.module(someKernel)
	var none *driver.NoCode
	require.ErrorAs(t, err, &none)
	libraries.CodeSize = 1
	_, err = d.module(someKernel)
	require.NoError(t, err)
	require.NoError(t, d.Close())
}
