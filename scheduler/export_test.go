package scheduler

import (
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/sim"
)

// Bubble runs f on a virtual clock. Channels that pools keep must not go in or
// out of it; two collections empty every pool.
func Bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	empty := func() { runtime.GC(); runtime.GC() }
	empty()
	synctest.Test(t, f)
	empty()
}

// WithFault returns cfg with a function that is called before every message to
// an actor and may panic.
func WithFault(cfg Config, fault func(role string)) Config {
	cfg.fault = fault
	return cfg
}

// WithLanding returns cfg with results that reach their callers in that way.
func WithLanding(cfg Config, l actors.Landing) Config {
	cfg.landing = l
	return cfg
}

// Dying is a device that is lost with its n-th batch.
func Dying(t testing.TB, discrete bool, n int64) *sim.Device {
	inner, err := cpu.Open(cpu.Config{Threads: 1})
	require.NoError(t, err)
	var batches atomic.Int64
	return sim.Open(sim.Config{Inner: inner, Discrete: discrete, Fault: func(*device.Batch) sim.Fault {
		if batches.Add(1) == n {
			return sim.Lost()
		}
		return sim.None()
	}})
}
