//go:build darwin || linux

package metal

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

var gemv = kernels.Key{Kernel: "matmul_gemv", A: tensor.F32, B: tensor.F32, C: tensor.F32}

// A source is compiled once, and specialised once for each set of constants,
// also when many ask at the same time.
func TestCompileOnce(t *testing.T) {
	s := openSimulated(t, nil)
	before := s.Live()
	other := gemv
	other.BetaNonZero = true
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			p, err := s.device.Compile([]kernels.Key{gemv, other}[i%2])
			if err != nil || p.Key().BetaNonZero != (i%2 == 1) {
				t.Errorf("%v, %v", p, err)
			}
		})
	}
	all.Wait()
	require.Equal(t, before["MTLLibrary"]+1, s.Live()["MTLLibrary"])
	require.Equal(t, before["MTLComputePipelineState"]+2, s.Live()["MTLComputePipelineState"])
}

// What Metal refuses is told in its words and tried again when asked again.
func TestCompileFails(t *testing.T) {
	s := openSimulated(t, nil)
	for _, c := range []struct {
		point metalsim.Point
		want  string
	}{
		{metalsim.NoLibrary, "compile"}, // first: a library that was made is kept
		{metalsim.NoPipeline, "pipeline matmul_gemv"},
	} {
		s.Fail(c.point, 1)
		_, err := s.device.Compile(gemv)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "metal: compile matmul_gemv/f32,f32,f32")
		require.NotErrorIs(t, err, device.ErrUnsupported)
	}
	_, err := s.device.Compile(gemv)
	require.NoError(t, err)
}

func TestCompilerSpeaks(t *testing.T) {
	s := openSimulated(t, nil)
	_, err := s.device.gpu.NewLibrary("kernel void broken(device float* x [[buffer(0)]]) { x[0] = y; }")
	require.ErrorContains(t, err, "undeclared identifier 'y'")
}

func TestUnsupported(t *testing.T) {
	s := openSimulated(t, func(m *metalsim.Machine) { m.AppleFamily, m.MaxThreads = 6, 256 })
	bf16, large, simd, unknown := gemv, gemv, gemv, gemv
	bf16.Kernel, bf16.A, bf16.B, bf16.C = vendorKernel, tensor.BF16, tensor.BF16, tensor.BF16
	large.Threadgroup = 512
	simd.Kernel, unknown.Kernel = "matmul_simd", "matmul_nonesuch"
	for want, key := range map[string]kernels.Key{
		"takes f32 or f16":            bf16,
		"512 threads":                 large,
		"no SIMD matrix multiply":     simd,
		"matmul_nonesuch":             unknown,
		`"matmul_nonesuch" is not in`: unknown,
	} {
		_, err := s.device.Compile(key)
		require.ErrorIs(t, err, device.ErrUnsupported)
		require.ErrorContains(t, err, want)
	}
}

func TestWithoutVendorLibrary(t *testing.T) {
	s := simulator(t)
	s.Fail(metalsim.NoMPS, metalsim.Always)
	d, err := open(config(s))
	require.NoError(t, err)
	defer d.Close()
	require.False(t, d.Info().Caps.Vendor)
	require.NotEmpty(t, d.Info().Caps.VendorHelp)
	key := gemv
	key.Kernel = vendorKernel
	_, err = d.Compile(key)
	require.ErrorIs(t, err, device.ErrUnsupported)
	require.ErrorContains(t, err, d.Info().Caps.VendorHelp)
}
