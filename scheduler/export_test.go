package scheduler

import (
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/metallic-sched/metallic-sched/actors"
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
