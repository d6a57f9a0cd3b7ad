//go:build linux && (amd64 || arm64)

package driver

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMissingLibrariesAreNamed(t *testing.T) {
	for variable, load := range map[string]func() error{
		"METALLIC_CUDA_DRIVER": func() error { _, err := Load(); return err },
		"METALLIC_CUDA_NVRTC":  func() error { _, err := LoadCompiler(v13); return err },
		"METALLIC_CUDA_CUBLAS": func() error { _, err := LoadBLAS(v13); return err },
	} {
		t.Setenv(variable, "/nowhere/lib.so")
		require.ErrorContains(t, load(), "/nowhere/lib.so", variable)
		t.Setenv(variable, "libc.so.6")
		require.ErrorContains(t, load(), "libc.so.6 is too old", variable)
	}
}

func TestStickyCodes(t *testing.T) {
	require.False(t, OutOfMemory.Sticky())
	require.False(t, Code(720).Sticky(), "a cooperative launch that is too large")
	require.True(t, Code(700).Sticky(), "an illegal address")
	require.True(t, Code(226).Sticky(), "a contained error")
	require.True(t, Code(721).Sticky(), "a leak of tensor memory")
	require.True(t, Code(810).Sticky(), "MPS ended the process's part")
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
