package scheduler

import (
	"slices"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
	"github.com/metallic-sched/metallic-sched/scheduler/profile"
)

// decided says which of the settings that a profile may make were made by
// somebody, in Prefs that start from defaults.
type decided struct {
	prefs     *policy.Prefs // others, put there later, are meant as they stand
	variables []string      // that were set
}

// free reports whether nobody has made a setting.
func (c *Config) free(variable string) bool {
	return c.decided == nil || !slices.Contains(c.decided.variables, variable)
}

// Tuned returns c with what its Tuning says in place of defaults: thresholds
// in Prefs, QueueDepth, Linger and InPlaceBytes. The error is a *profile.StaleError if the
// profile is not of this device, machine and program; then c is returned as it
// is. Open does this itself.
func (c Config) Tuned(info device.Info) (Config, error) {
	if c.Tuning == nil {
		return c, nil
	}
	if err := c.Tuning.Check(profile.MachineOf(info)); err != nil {
		return c, err
	}
	s := &c.Tuning.Settings
	if c.Prefs == nil || c.decided != nil && c.Prefs == c.decided.prefs {
		c.Prefs = c.tunedPrefs(s)
	}
	if c.QueueDepth == 0 && s.QueueDepth != nil && c.free(profile.VarQueueDepth) {
		c.QueueDepth = min(*s.QueueDepth, max(info.QueueDepth, 1))
	}
	if c.Linger == 0 && s.Linger != nil && c.free(profile.VarLinger) {
		c.Linger = *s.Linger
	}
	if c.InPlaceBytes == 0 && s.InPlaceBytes != nil && c.free(profile.VarInPlaceBytes) {
		c.InPlaceBytes = *s.InPlaceBytes
	}
	return c, nil
}

// tunedPrefs returns the preferences with the profile's thresholds where nobody
// has chosen others.
func (c *Config) tunedPrefs(s *profile.Settings) *policy.Prefs {
	usual := policy.DefaultPrefs()
	prefs := usual
	if c.Prefs != nil {
		prefs = *c.Prefs
	}
	for _, t := range []struct {
		variable     string
		field        *int
		usual, tuned *int
	}{
		{profile.VarSmallNMaxN, &prefs.SmallNMaxN, &usual.SmallNMaxN, s.SmallNMaxN},
		{profile.VarSIMDMMin, &prefs.SIMDMMin, &usual.SIMDMMin, s.SIMDMMin},
		{profile.VarSIMDNMin, &prefs.SIMDNMin, &usual.SIMDNMin, s.SIMDNMin},
		{profile.VarSoftmaxVecMaxCols, &prefs.SoftmaxVecMaxCols, &usual.SoftmaxVecMaxCols, s.SoftmaxVecMaxCols},
	} {
		if t.tuned != nil && *t.field == *t.usual && c.free(t.variable) {
			*t.field = *t.tuned
		}
	}
	return &prefs
}

// tune makes the Config's profile count, if it is of this device. One that is
// not is said loudly and left out: old thresholds on another device may be far
// worse than the defaults.
func (s *Scheduler) tune(info device.Info) {
	tuned, err := s.cfg.Tuned(info)
	if err != nil {
		s.stale = err
		s.cfg.Logger.Warn("the profile is NOT USED, defaults are", "cause", err)
		return
	}
	if s.cfg = tuned; s.cfg.Tuning != nil {
		s.cfg.Logger.Info("tuned by a profile", "measured", s.cfg.Tuning.Time, "device", info.Name)
	}
}

// Tuning reports whether the Config's profile is in use. The error is a
// *profile.StaleError for one that was measured elsewhere.
func (s *Scheduler) Tuning() (used bool, err error) {
	return s.cfg.Tuning != nil && s.stale == nil, s.stale
}

// costs returns a cost model that starts from what the profile knows.
func (s *Scheduler) costs(info device.Info) (*policy.CostModel, error) {
	m := policy.NewCostModel(priorOf(info))
	if used, _ := s.Tuning(); !used {
		return m, nil
	}
	return m, m.Restore(s.cfg.Tuning.Costs)
}
