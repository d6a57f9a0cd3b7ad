package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
)

func TestOpenRefusesNegativeThreads(t *testing.T) {
	_, err := Open(Config{Threads: -1})
	require.ErrorContains(t, err, "-1 threads")
}

func TestDefaultsToAllProcessors(t *testing.T) {
	d := open(t, 0)
	require.GreaterOrEqual(t, d.Info().Threads, 1)
	require.NoError(t, d.Close())
}

func TestClosedDevice(t *testing.T) {
	d := open(t, 2)
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
	_, err := d.Alloc(device.SpaceShared, 1)
	require.ErrorIs(t, err, device.ErrClosed)
	_, err = d.Compile(kernels.Key{Kernel: "matmul_mlx"})
	require.ErrorIs(t, err, device.ErrClosed)
	_, err = d.NewQueue()
	require.ErrorIs(t, err, device.ErrClosed)
}

func TestVendorKernelIsUnsupportedWithoutBLAS(t *testing.T) {
	d, err := Open(Config{Threads: 1, BLAS: "none"})
	require.NoError(t, err)
	defer d.Close()
	require.False(t, d.Info().Caps.Vendor)
	require.Contains(t, d.Info().Caps.VendorHelp, "none")
	_, err = d.Compile(kernels.Key{Kernel: "matmul_mps"})
	require.ErrorIs(t, err, device.ErrUnsupported)
	require.ErrorContains(t, err, "matmul_mps")
}

func TestModelName(t *testing.T) {
	require.Equal(t, "Some CPU @ 3 GHz", modelName([]byte("processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nmodel name\t: Other\n")))
	require.NotEmpty(t, modelName([]byte("nothing of the kind\n")), "the architecture")
}
