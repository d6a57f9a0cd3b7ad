package device_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
)

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failure := errors.New("no")
		faults := []sim.Fault{sim.None(), sim.Error(failure)}
		d := sim.Open(sim.Config{Launch: time.Second, Fault: func(*device.Batch) (f sim.Fault) {
			f, faults = faults[0], faults[1:]
			return f
		}})
		q, err := d.NewQueue()
		require.NoError(t, err)
		start := time.Now()
		timing, err := device.Await(q, device.Stage{})
		require.NoError(t, err)
		require.Equal(t, time.Second, timing.Device)
		require.Equal(t, time.Second, time.Since(start), "it waits")
		_, err = device.AwaitBatch(q, &device.Batch{ID: 7})
		require.ErrorIs(t, err, failure)
		require.NoError(t, q.Close())
		require.NoError(t, d.Close())
	})
}
