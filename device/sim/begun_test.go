package sim

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
)

// TestTheHostIsAheadOfTheDevice: the host prepares one batch after another,
// while the device is busy with those before.
func TestTheHostIsAheadOfTheDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ms = time.Millisecond
		d, q := open(t, Config{Before: 4 * ms, Launch: 10 * ms})
		require.True(t, d.Info().Begins)
		l := newLog()
		begun := make(chan time.Duration, 3)
		commit := func(id uint64) {
			b := l.batch(id, 1)
			b.Begun = func(*device.Batch) { begun <- time.Since(l.start) }
			q.Commit(b)
		}
		commit(1)
		commit(2)
		time.Sleep(30 * ms)
		commit(3)
		q.Commit(l.batch(4, 1)) // nobody wants to know
		require.NoError(t, q.Close())
		for _, at := range []time.Duration{14 * ms, 24 * ms, 44 * ms, 54 * ms} {
			require.Equal(t, at, (<-l.ended).at)
		}
		for _, at := range []time.Duration{4 * ms, 8 * ms, 34 * ms} {
			require.Equal(t, at, <-begun)
		}
	})
}

// TestBegunComesBeforeDone, however short the device's part is.
func TestBegunComesBeforeDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, q := open(t, Config{Before: time.Millisecond})
		begun := false
		q.Commit(&device.Batch{
			Begun: func(*device.Batch) { time.Sleep(time.Second); begun = true },
			Done:  func(*device.Batch, device.Timing, error) { require.True(t, begun) },
		})
		require.NoError(t, q.Close())
		require.True(t, begun)
	})
}
