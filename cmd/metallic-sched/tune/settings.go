package tune

import (
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// settings are the thresholds that are looked for. As a value they are what one
// scheduler goes by.
type settings struct {
	policy.Prefs
	InPlaceBytes int // see scheduler.Config; at least 1
}

func defaults() settings { return settings{policy.DefaultPrefs(), scheduler.DefaultInPlaceBytes} }

// config returns a Config with the settings and with the times that were
// measured so far.
func (s settings) config(t *Tuner) scheduler.Config {
	return scheduler.Config{Device: t.cfg.Device, Tuning: t.profile, Prefs: &s.Prefs, InPlaceBytes: s.InPlaceBytes}
}

// writesInPlace reports whether a problem's result is written straight to the
// caller's memory.
func (s settings) writesInPlace(p kernels.Problem) bool {
	columns := p.Shape.N
	if p.Op == kernels.OpAttention {
		columns = p.ValueCols
	}
	return !p.BetaNonZero && max(p.Shape.Batch, 1)*p.Shape.M*columns*p.C.Size() >= s.InPlaceBytes
}
