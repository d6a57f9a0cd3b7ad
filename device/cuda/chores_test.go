//go:build linux && (amd64 || arm64)

package cuda

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

func TestChoresAreDoneInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c chores
		c.wait() // for nothing
		var done []int
		goOn := make(chan struct{})
		c.add(func() { <-goOn })
		for i := range 100 {
			c.add(func() { done = append(done, i) })
		}
		require.False(t, c.waitFor(time.Second))
		close(goOn)
		require.True(t, c.waitFor(time.Second))
		require.Len(t, done, 100)
		require.IsIncreasing(t, done)
	})
}

// The driver frees memory when the GPU is through with all that it has. Who frees
// does not wait for that; who needs the memory does.
func TestFreeDoesNotWait(t *testing.T) {
	const room = 8 << 20
	d, libraries := simulated(t, room)
	large, err := d.Alloc(device.SpaceDevice, room)
	require.NoError(t, err)
	goOn := make(chan struct{})
	libraries.On = func(function string, nth int) uintptr {
		if function == "cuMemFree_v2" && nth == 1 {
			<-goOn
		}
		return 0
	}
	large.Free()
	got := make(chan error)
	go func() {
		_, err := d.Alloc(device.SpaceDevice, room)
		got <- err
	}()
	close(goOn)
	require.NoError(t, <-got)
}

// A queue is closed when its own batches have ended; a device when all is given back.
func TestQueueCloseDoesNotWaitForOthers(t *testing.T) {
	d, libraries := simulated(t, 8<<20)
	q, err := d.NewQueue()
	require.NoError(t, err)
	goOn := make(chan struct{})
	libraries.On = func(function string, _ int) uintptr {
		if function == "cuStreamDestroy_v2" {
			<-goOn
		}
		return 0
	}
	require.NoError(t, q.Close())
	require.Zero(t, libraries.Calls("cuDevicePrimaryCtxRelease_v2"))
	closed := make(chan error)
	go func() { closed <- d.Close() }()
	close(goOn)
	require.NoError(t, <-closed)
	require.Equal(t, 1, libraries.Calls("cuStreamDestroy_v2"))
	require.Equal(t, 1, libraries.Calls("cuDevicePrimaryCtxRelease_v2"))
}

// A GPU that hangs does not hold up who closes the device; when it goes on after all,
// it is given up.
func TestCloseOfAHungGPU(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, libraries := simulated(t, 8<<20)
		b, err := d.Alloc(device.SpaceDevice, 8<<20)
		require.NoError(t, err)
		goOn := make(chan struct{})
		libraries.On = func(function string, _ int) uintptr {
			if function == "cuMemFree_v2" {
				<-goOn
			}
			return 0
		}
		b.Free()
		require.ErrorIs(t, d.Close(), device.ErrLost)
		require.Zero(t, libraries.Calls("cuDevicePrimaryCtxRelease_v2"))
		close(goOn)
		synctest.Wait()
		require.Equal(t, 1, libraries.Calls("cuDevicePrimaryCtxRelease_v2"))
		require.NoError(t, d.Close())
	})
}
