//go:build linux && (amd64 || arm64)

package driver

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/cuda/driver/drivertest"
)

// That nothing was made of a source is an error, which says so.
func TestCompilerWithoutCode(t *testing.T) {
	libraries := drivertest.New()
	_, compiler, _ := Simulated(drivertest.Address)
	code, err := compiler.Compile("gemv.cu", "", []string{"-x"})
	require.NoError(t, err)
	require.Len(t, code, 1)

	libraries.CodeSize = 0
	_, err = compiler.Compile("gemv.cu", "", []string{"-x"})
	require.Equal(t, &NoCode{Name: "gemv.cu", Options: []string{"-x"}, Path: "simulated"}, err)
	require.ErrorContains(t, err, "gemv.cu with -x")
	require.Equal(t, 2, libraries.Calls("nvrtcDestroyProgram"))
}
