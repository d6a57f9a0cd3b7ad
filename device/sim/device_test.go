package sim

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
)

func TestInfo(t *testing.T) {
	info := Open(Config{}).Info()
	require.Equal(t, "sim", info.Backend)
	require.Equal(t, kernels.Caps{SIMDMatrix: true, SIMDReduction: true, SIMDWidth: 32, MaxThreadgroup: 1024, Vendor: true}, info.Caps)
	require.True(t, info.HostMemory)
	require.Equal(t, 1, info.QueueDepth)

	info = Open(Config{Discrete: true, QueueDepth: 3, AllocLimit: 100, Caps: kernels.Caps{SIMDWidth: 1, MaxThreadgroup: 1}}).Info()
	require.False(t, info.HostMemory)
	require.Equal(t, 3, info.QueueDepth)
	require.EqualValues(t, 100, info.Memory)
	require.False(t, info.Caps.SIMDMatrix)
}

func TestCompile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		d := Open(Config{
			CompileTime: time.Minute,
			Caps:        kernels.Caps{SIMDWidth: 1, MaxThreadgroup: 1},
			CompileError: func(k kernels.Key) error {
				if k.Kernel == "matmul_gemv" {
					return boom
				}
				return nil
			},
		})
		start := time.Now()
		p, err := d.Compile(kernels.Key{Kernel: "matmul_mlx"})
		require.NoError(t, err)
		require.Equal(t, "matmul_mlx", p.Key().Kernel)
		require.Equal(t, time.Minute, time.Since(start))

		_, err = d.Compile(kernels.Key{Kernel: "matmul_gemv"})
		require.ErrorIs(t, err, boom)
		_, err = d.Compile(kernels.Key{Kernel: "nonesuch"})
		require.ErrorIs(t, err, device.ErrUnsupported)
		_, err = d.Compile(kernels.Key{Kernel: "matmul_simd"})
		require.ErrorIs(t, err, device.ErrUnsupported, "the device has no SIMD matrix multiply")
		require.EqualValues(t, 4, d.Compiles())
	})
}

func TestClosedDevice(t *testing.T) {
	d := Open(Config{})
	require.NoError(t, d.Close())
	require.ErrorIs(t, d.Close(), device.ErrClosed)
	_, err := d.Alloc(device.SpaceShared, 1)
	require.ErrorIs(t, err, device.ErrClosed)
	_, err = d.Compile(kernels.Key{Kernel: "matmul_mlx"})
	require.ErrorIs(t, err, device.ErrClosed)
	_, err = d.NewQueue()
	require.ErrorIs(t, err, device.ErrClosed)
}
