package actors

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// Spare batches give back what none has needed for some time, and keep no more
// than a limit between them.
func TestSpareBatchesForgetLargeMemory(t *testing.T) {
	d := sim.Open(sim.Config{})
	e := &Engine{device: d, info: d.Info()}
	large := func(n, bytes int) {
		var out []*Batch
		for range n {
			b := e.newBatch()
			_, err := b.arena.alloc(tensor.F32, tensor.Dims{1, 1, bytes / 4})
			require.NoError(t, err)
			out = append(out, b)
		}
		for _, b := range out {
			e.recycle(b)
		}
	}
	large(2, 2*arenaKeep)
	require.Zero(t, d.BytesInUse(), "once is no habit")
	large(2, 2*arenaKeep)
	require.EqualValues(t, 4*arenaKeep, d.BytesInUse())
	for range 2 * forgetEvery { // by one batch: the other is never used
		large(1, 64)
	}
	require.LessOrEqual(t, d.BytesInUse(), int64(arenaKeep))

	const each = arenaLarge / 4
	for range 2 {
		large(maxSpareArenas, each)
	}
	require.EqualValues(t, arenaLarge, d.BytesInUse())
}
