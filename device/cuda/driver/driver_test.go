//go:build linux && (amd64 || arm64)

package driver

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/cuda/driver/drivertest"
)

func TestMissingLibrariesAreNamed(t *testing.T) {
	for variable, load := range map[string]func() error{
		"METALLIC_CUDA_DRIVER": func() error { _, err := Load(); return err },
		"METALLIC_CUDA_NVRTC":  func() error { _, err := LoadCompiler(v13); return err },
		"METALLIC_CUDA_CUBLAS": func() error { _, err := LoadBLAS(v13); return err },
	} {
		for file, why := range map[string]string{"/nowhere/lib.so": "No such file", "libc.so.6": "libc.so.6 is too old"} {
			t.Setenv(variable, file)
			err := load()
			var wrong *LibraryError
			require.ErrorAs(t, err, &wrong, variable)
			require.Equal(t, [2]string{variable, file}, [2]string{wrong.Variable, wrong.Path})
			require.ErrorContains(t, wrong.Err, why, variable)
			require.ErrorContains(t, err, variable+` is "`+file+`", which cannot be used: `+wrong.Err.Error())
		}
	}
}

// A library that was named and does not do is a mistake; one that was found is none.
func TestNamedLibraryThatDoesNotDo(t *testing.T) {
	libraries := drivertest.New()
	api, compiler, blas := Simulated(drivertest.Address)
	result := uintptr(0)
	libraries.On = func(function string, _ int) uintptr {
		if function == "cuInit" || function == "cublasGetProperty" {
			return result
		}
		return 0
	}
	var wrong *LibraryError
	for _, variable := range []string{"", "METALLIC_X"} {
		named := variable != ""
		for _, l := range []*library{api.cuda, compiler.nvrtc, blas.cublas} {
			l.variable = variable
		}
		for code, other := range map[uintptr]bool{34: true, 803: true, 804: true, 100: false} {
			result = code
			err := api.start()
			require.Error(t, err)
			require.Equal(t, named && other, errors.As(err, &wrong), "%s %d", variable, code)
		}
		_, err := blasFor(v13, blas.cublas)
		require.Equal(t, named, errors.As(err, &wrong), "%v", err)
		result = 0
		require.NoError(t, api.start())
		_, err = blasFor(v13, blas.cublas)
		require.NoError(t, err)
		_, err = blasFor(Version{Major: -1}, blas.cublas)
		require.Equal(t, named, errors.As(err, &wrong), "%v", err)
		var tooNew *TooNew
		require.ErrorAs(t, err, &tooNew)
		require.Equal(t, named, errors.As(compiler.Unfit(errors.New("no")), &wrong))
		require.NoError(t, compiler.Unfit(nil))
	}
}

func TestStickyCodes(t *testing.T) {
	require.False(t, OutOfMemory.Sticky())
	require.False(t, Code(720).Sticky(), "a cooperative launch that is too large")
	require.True(t, Code(700).Sticky(), "an illegal address")
	require.True(t, Code(226).Sticky(), "a contained error")
	require.True(t, Code(721).Sticky(), "a leak of tensor memory")
	require.True(t, Code(810).Sticky(), "MPS ended the process's part")
	require.True(t, Code(911).Sticky(), "a device outside of CUDA failed")
	require.True(t, Code(100).Sticky(), "no device")
	require.False(t, Code(100).Breaks(), "nothing went wrong in this process")
	require.True(t, Code(719).Breaks(), "a kernel failed")
	require.True(t, Code(709).Sticky() && !Code(709).Breaks(), "somebody destroyed the context")
	require.Equal(t, "cuLaunchKernel: x (700)", (&Error{Call: "cuLaunchKernel", Code: 700, Text: "x"}).Error())
}

func TestFunctionsHaveNames(t *testing.T) {
	require.Len(t, functionNames, fnTensorMapEncode+1)
	require.Equal(t, "cuLaunchKernel", functionNames[fnLaunch])
	require.Len(t, compilerNames, rtcLog+1)
	require.Len(t, blasNames, blasGetProperty+1)
}

// Of the libraries that are there the first that suits is taken, or else the first.
func TestLibraryThatSuits(t *testing.T) {
	files := []string{"/nowhere/lib.so", "libm.so.6", "libc.so.6"}
	for want, suits := range map[string]func(*library) bool{
		"libc.so.6": func(l *library) bool { return l.path == "libc.so.6" },
		"libm.so.6": func(*library) bool { return false },
	} {
		l, err := openFor(files, nil, suits)
		require.NoError(t, err)
		require.Equal(t, want, l.path)
	}
}
