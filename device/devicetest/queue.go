package devicetest

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// testDone commits many batches, some of them empty, and counts their ends.
func testDone(t *testing.T, b *bench) {
	const batches = 100
	var mu sync.Mutex
	var order []uint64
	var all sync.WaitGroup
	all.Add(batches)
	buffer := b.alloc(t, device.SpaceShared, 8)
	region := device.In(buffer, tensor.F32, tensor.Dims{1, 1, 1}, 0)
	other := device.In(buffer, tensor.F32, tensor.Dims{1, 1, 1}, 1)
	for id := range uint64(batches) {
		batch := &device.Batch{ID: id, Done: func(b *device.Batch, timing device.Timing, err error) {
			mu.Lock()
			defer mu.Unlock()
			if err == nil && timing.Device >= 0 {
				order = append(order, b.ID)
			}
			all.Done() // panics if it is called too often
		}}
		if id%3 > 0 {
			batch.Stages = append(batch.Stages, copyStage(other, region), device.Stage{})
		}
		b.queue.Commit(batch)
	}
	all.Wait()
	require.NoError(t, b.queue.Close()) // nothing comes after
	b.queue = nil
	require.Len(t, order, batches)
	for i, id := range order {
		require.EqualValues(t, i, id)
	}
}

// testClose closes a queue with work pending, and commits to a closed queue.
func testClose(t *testing.T, b *bench) {
	const batches = 50
	src := b.alloc(t, device.SpaceShared, 1<<18)
	dst := b.alloc(t, device.SpaceShared, 1<<18)
	var mu sync.Mutex
	done := 0
	for range batches {
		b.queue.Commit(&device.Batch{
			Stages: []device.Stage{copyStage(whole(dst, 1<<16), whole(src, 1<<16))},
			Done: func(_ *device.Batch, _ device.Timing, err error) {
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					done++
				}
			},
		})
	}
	require.NoError(t, b.queue.Close())
	require.Equal(t, batches, done, "Close waits for what was committed")

	_, err := device.AwaitBatch(b.queue, &device.Batch{})
	require.ErrorIs(t, err, device.ErrClosed)
	b.queue = openQueue(t, b.device) // the device outlives its queues
	require.NoError(t, b.run())
}

// testProfile asks for times; a device that cannot tell gives none.
func testProfile(t *testing.T, b *bench) {
	mm := newIdentity(t, b)
	timing, err := device.AwaitBatch(b.queue, &device.Batch{
		Profile: true,
		Stages:  []device.Stage{{Dispatches: []device.Dispatch{mm.dispatch, mm.dispatch}}, {}, {Dispatches: []device.Dispatch{mm.dispatch}}},
	})
	require.NoError(t, err)
	if timing.Dispatches == nil {
		t.Logf("NOT OFFERED: times of dispatches: the device gives none")
		return
	}
	require.Len(t, timing.Dispatches, 3)
	for _, d := range timing.Dispatches {
		require.GreaterOrEqual(t, d.Nanoseconds(), int64(0))
	}
}
