package devicetest

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// testBegun commits many batches: each begins once, before it ends, or none does.
func testBegun(t *testing.T, b *bench) {
	const batches = 50
	buffer := b.alloc(t, device.SpaceShared, 8)
	region := device.In(buffer, tensor.F32, tensor.Dims{1, 1, 1}, 0)
	other := device.In(buffer, tensor.F32, tensor.Dims{1, 1, 1}, 1)
	want := int64(0)
	if b.device.Info().Begins {
		want = 1
	}
	var begun [batches]atomic.Int64
	var ended sync.WaitGroup
	var wrong, failed atomic.Int64
	ended.Add(batches)
	for id := range uint64(batches) {
		batch := &device.Batch{
			ID:    id,
			Begun: func(b *device.Batch) { begun[b.ID].Add(1) },
			Done: func(b *device.Batch, _ device.Timing, err error) {
				if begun[b.ID].Load() != want {
					wrong.Add(1)
				}
				if err != nil {
					failed.Add(1)
				}
				ended.Done()
			},
		}
		if id%3 > 0 { // the others are empty
			batch.Stages = append(batch.Stages, copyStage(other, region))
		}
		b.queue.Commit(batch)
	}
	ended.Wait()
	require.Zero(t, failed.Load())
	require.Zero(t, wrong.Load(), "batches that had not begun %d times when they ended", want)
	for i := range begun {
		require.Equal(t, want, begun[i].Load(), "batch %d", i)
	}
}
