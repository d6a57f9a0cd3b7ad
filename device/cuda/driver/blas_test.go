//go:build linux && (amd64 || arm64)

package driver

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/cuda/driver/drivertest"
)

// cuBLAS that has no stream is given up again.
func TestHandleWithoutAStream(t *testing.T) {
	libraries := drivertest.New()
	_, _, blas := Simulated(drivertest.Address)
	h, err := blas.NewHandle(&Stream{})
	require.NoError(t, err)
	require.NoError(t, h.Close())
	require.Equal(t, 1, libraries.Calls("cublasDestroy_v2"))

	libraries.On = func(function string, _ int) uintptr {
		if function == "cublasSetStream_v2" {
			return 13
		}
		return 0
	}
	_, err = blas.NewHandle(&Stream{})
	require.Equal(t, &Status{Call: "cublasSetStream_v2", Code: 13}, err)
	require.Equal(t, 2, libraries.Calls("cublasDestroy_v2"))
}

func TestGemmFits(t *testing.T) {
	const most = math.MaxInt32
	require.True(t, (&Gemm{Rows: most, Columns: most, Interior: most, Count: most, A: Matrices{Lead: most, Apart: 1 << 40}}).Fits())
	for _, g := range []Gemm{
		{Rows: most + 1},
		{Columns: most + 1},
		{Interior: most + 1},
		{Count: most + 1},
		{A: Matrices{Lead: most + 1}},
		{B: Matrices{Lead: most + 1}},
		{C: Matrices{Lead: most + 1}},
	} {
		require.False(t, g.Fits(), "%+v", g)
	}
}
