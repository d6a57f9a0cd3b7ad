//go:build linux && (amd64 || arm64)

package cuda

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

var full = flag.Bool("cuda.full", false, "with TestGPUIsFull, which takes all memory of the GPU for a moment")

// TestGPUIsFull uses up the GPU's memory behind the device's back, as another
// program does. What the device keeps for later must go back to the driver, so that
// queues open, kernels load, cuBLAS starts and a large buffer is had.
func TestGPUIsFull(t *testing.T) {
	if !*full {
		t.Skip("NOT TESTED: a GPU whose memory is used up, which takes all of it for a moment: run it with -cuda.full, as make cuda does, on a machine with an NVIDIA GPU")
	}
	d := needGPU(t)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	keepSpare(t, d)
	fillGPU(t, d)
	kept := spareBytes(d)
	require.Greater(t, kept, 256<<20)
	q, err := d.NewQueue()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, q.Close()) })
	t.Logf("%d bytes were kept, after a queue was opened %d", kept, spareBytes(d))
	r := rand.New(rand.NewPCG(3, 4))
	for _, kernel := range []string{"matmul_mps", "matmul_smalln_n16", "matmul_simd"} {
		c := tileCase{kernel: kernel, a: tensor.F32, b: tensor.F32, c: tensor.F32, m: 264, n: 24, k: 200}
		if kernel == "matmul_simd" {
			c.tile = kernels.Tile{M: 64, N: 64}
		}
		a, b := wholeNumbers(r, c.m*c.k), wholeNumbers(r, c.k*c.n)
		require.Equal(t, wholeProduct(c, a, b), multiply(t, d, q, c, [3]bool{}, 0, a, b), kernel)
		t.Logf("after a product by %s %d", kernel, spareBytes(d))
	}
	large, err := d.Alloc(device.SpaceDevice, 256<<20)
	require.NoError(t, err)
	large.Free()
	_, err = d.Alloc(device.SpaceDevice, 4<<30)
	require.ErrorIs(t, err, device.ErrOutOfMemory)
}

// keepSpare has the device keep as much of the GPU's memory as it ever does.
func keepSpare(t *testing.T, d *Device) {
	for c := range classes {
		var all []device.Buffer
		for range min(sparePerClass/(smallest<<c), 1024) {
			b, err := d.Alloc(device.SpaceDevice, smallest<<c)
			require.NoError(t, err)
			all = append(all, b)
		}
		for _, b := range all {
			b.Free()
		}
	}
}

// fillGPU allocates what the driver still has.
func fillGPU(t *testing.T, d *Device) {
	var all []driver.Pointer
	t.Cleanup(func() {
		_ = d.context.With(func() error {
			for _, p := range all {
				_ = d.context.Free(p)
			}
			return nil
		})
	})
	_ = d.context.With(func() error {
		for size := 4 << 30; size >= smallest; size /= 2 {
			for {
				p, err := d.context.Alloc(size)
				if err != nil {
					require.True(t, lacksMemory(err), err)
					break
				}
				all = append(all, p)
			}
		}
		return nil
	})
	t.Logf("%d pieces of memory are taken", len(all))
}

func spareBytes(d *Device) (n int) {
	d.memory.mu.Lock()
	defer d.memory.mu.Unlock()
	for _, blocks := range d.memory.spare[onGPU] {
		for _, b := range blocks {
			n += b.size
		}
	}
	return n
}
