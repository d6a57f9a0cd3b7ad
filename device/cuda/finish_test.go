//go:build linux && (amd64 || arm64)

package cuda

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda/driver"
)

// A batch whose end has no mark ends when the stream has, with the error; its
// memory is not given to others before.
func TestFinishWithoutAnEnd(t *testing.T) {
	for function, without := range map[string]int{"cuEventCreate": 1, "cuEventRecord": 0} {
		d, libraries := simulated(t, 1<<20)
		pinned := func() int { return len(d.memory.spare[onHost][0]) }
		b, err := d.Alloc(device.SpaceDevice, 256)
		require.NoError(t, err)
		q, err := d.NewQueue()
		require.NoError(t, err)
		const end = 2 // after the begin
		spare := -1
		libraries.On = func(called string, nth int) uintptr {
			switch {
			case called == function && nth == end:
				return uintptr(driver.OutOfMemory)
			case called == "cuStreamSynchronize":
				spare = pinned()
			}
			return 0
		}
		require.ErrorIs(t, upload(q, b, make([]float32, 64)), device.ErrOutOfMemory, function)
		require.Equal(t, 1, libraries.Calls("cuStreamSynchronize"), function)
		require.Zero(t, spare, "the memory was there for others before the GPU had done")
		require.Equal(t, 1, pinned(), "now it is")

		require.NoError(t, upload(q, b, make([]float32, 64)), "the next batch is none the worse")
		require.Equal(t, 1, libraries.Calls("cuStreamSynchronize"), function)
		busy, idle := d.Busy()
		require.Equal(t, [2]time.Duration{time.Millisecond, 0}, [2]time.Duration{busy, idle}, "nobody knows since when it was idle")
		require.NoError(t, q.Close())
		require.NoError(t, d.Close())
		require.Equal(t, libraries.Calls("cuEventCreate")-without, libraries.Calls("cuEventDestroy_v2"), "all events are given up")
	}
}
