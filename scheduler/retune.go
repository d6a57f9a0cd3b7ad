package scheduler

import (
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Prefs returns the preferences by which jobs get their kernels at the moment.
func (s *Scheduler) Prefs() policy.Prefs { return *s.prefs.Load() }

// Retune changes them for jobs that are submitted from now on. While the device
// is being replaced it waits. The error is a *policy.PrefError, or a
// *ConfigError with Config.Trace, whose replay would not know of it; then
// nothing has changed.
func (s *Scheduler) Retune(prefs policy.Prefs) error {
	if s.cfg.Trace {
		return &ConfigError{"Trace", "true", "false, to change the preferences of a running scheduler"}
	}
	s.moving.lock()
	defer s.moving.unlock()
	if err := s.home.Load().plans.Retune(prefs); err != nil {
		return err
	}
	s.prefs.Store(&prefs)
	return nil
}
