package devicetest

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

// testBegun commits from Begun, where the device calls it, and from Done: every
// batch begins once, before it ends, or never.
func testBegun(t *testing.T, b *bench) {
	const length = 40
	buffer := b.alloc(t, device.SpaceShared, 8)
	region := device.In(buffer, tensor.F32, tensor.Dims{1, 1, 1}, 0)
	other := device.In(buffer, tensor.F32, tensor.Dims{1, 1, 1}, 1)
	want := int64(0)
	if b.device.Info().Begins {
		want = 1
	}
	var committing sync.Mutex // one at a time
	var ended sync.WaitGroup
	var wrong, failed atomic.Int64
	ended.Add(length)
	var commit, next func(left int)
	commit = func(left int) {
		defer committing.Unlock()
		fromBegun := want > 0 && left%2 == 0
		var begun atomic.Int64
		b.queue.Commit(&device.Batch{
			Stages: []device.Stage{copyStage(other, region)},
			Begun: func(*device.Batch) {
				if begun.Add(1); fromBegun {
					next(left - 1)
				}
			},
			Done: func(_ *device.Batch, _ device.Timing, err error) {
				if begun.Load() != want {
					wrong.Add(1)
				}
				if err != nil {
					failed.Add(1)
				}
				if !fromBegun {
					next(left - 1)
				}
				ended.Done()
			},
		})
	}
	next = func(left int) {
		switch {
		case left == 0:
		case committing.TryLock():
			commit(left)
		default: // called before Commit has returned
			go func() {
				committing.Lock()
				commit(left)
			}()
		}
	}
	next(length)
	ended.Wait()
	require.Zero(t, failed.Load())
	require.Zero(t, wrong.Load(), "batches that had not begun %d times when they ended", want)
}
