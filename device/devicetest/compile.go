package devicetest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// testCompile compiles every row that the device's capabilities allow. Rows
// they rule out, and unknown ones, are not supported.
func testCompile(t *testing.T, b *bench) {
	caps := b.device.Info().Caps
	for i := range b.suite.Catalog {
		row := &b.suite.Catalog[i]
		key := keyOf(row, caps)
		p := kernels.Problem{Op: row.Family.Op(), A: key.A, B: key.B, C: key.C}
		line, err := b.device.Compile(key)
		if ok, why := row.Supports(p, caps); !ok {
			require.ErrorIs(t, err, device.ErrUnsupported, "%s: %s", row.Name, why)
			continue
		}
		require.NoError(t, err, row.Name)
		require.Equal(t, key, line.Key())
	}
	_, err := b.device.Compile(kernels.Key{Kernel: "matmul_nonesuch", A: tensor.F32, B: tensor.F32, C: tensor.F32})
	require.ErrorIs(t, err, device.ErrUnsupported)
	require.ErrorContains(t, err, "matmul_nonesuch")
}

func keyOf(row *kernels.Row, caps kernels.Caps) kernels.Key {
	dt := row.Types[0]
	key := kernels.Key{Kernel: row.Name, A: dt, B: dt, C: dt, Bucket: row.Bucket}
	if row.Family.Op() == kernels.OpSoftmax {
		key.Width, key.Threadgroup = 64, min(max(64, caps.SIMDWidth), caps.MaxThreadgroup)
	}
	return key
}

// testCompileWhileRunning compiles from several goroutines while batches run.
func testCompileWhileRunning(t *testing.T, b *bench) {
	caps := b.device.Info().Caps
	var compiling sync.WaitGroup
	for range 4 {
		compiling.Go(func() {
			for i := range b.suite.Catalog {
				// Errors are testCompile's business; here it must not race.
				_, _ = b.device.Compile(keyOf(&b.suite.Catalog[i], caps))
			}
		})
	}
	const elements = 1 << 16
	src := b.alloc(t, device.SpaceShared, 4*elements)
	dst := b.alloc(t, device.SpaceShared, 4*elements)
	for range 20 {
		require.NoError(t, b.run(copyStage(whole(dst, elements), whole(src, elements))))
	}
	compiling.Wait()
}

// whole returns a buffer's first n float32 as one row.
func whole(b device.Buffer, n int) device.Region {
	return device.In(b, tensor.F32, tensor.Dims{1, 1, n}, 0)
}

func copyStage(dst, src device.Region) device.Stage {
	return device.Stage{Copies: []device.Copy{{Dst: dst, Src: src}}}
}
