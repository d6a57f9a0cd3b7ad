//go:build linux && (amd64 || arm64)

package cuda

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// entryBench starts functions of modules on a device.
type entryBench struct {
	device   *Device
	queue    device.Queue
	random   *rand.Rand
	known    map[kernels.Shape]*knownProduct
	launches int
}

func newEntryBench(t *testing.T, d *Device) *entryBench {
	q, err := d.NewQueue()
	require.NoError(t, err)
	return &entryBench{device: d, queue: q, random: rand.New(rand.NewPCG(1, 2)), known: map[kernels.Shape]*knownProduct{}}
}

// start starts a function of a module, in every way that a layout or a factor
// can make a difference.
func (b *entryBench) start(t *testing.T, keys []kernels.Key, name string) {
	before := b.launches
	for _, key := range keys {
		switch row := kernels.Default.Find(key.Kernel); {
		case row == nil:
			b.copies(t, key)
		case row.Family.Op() == kernels.OpMatmul:
			b.products(t, key, name)
		case key.Kernel == name:
			b.softmaxes(t, row, key)
		}
		if b.launches > before {
			return
		}
	}
	require.Fail(t, "nothing starts it")
}
