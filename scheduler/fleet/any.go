package fleet

import (
	"context"

	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// OpenService opens what a Config names: a fleet when its DeviceName means
// several devices, else a scheduler as it is, which costs nothing more.
func OpenService(ctx context.Context, cfg scheduler.Config) (scheduler.Service, error) {
	names := []string{cfg.DeviceName}
	if cfg.Device == nil && discover.Several(cfg.DeviceName) && discover.Check(cfg.DeviceName) == nil {
		var err error
		if names, err = discover.Expand(cfg.DeviceName); err != nil {
			return nil, err
		}
	}
	if len(names) == 1 {
		cfg.DeviceName = names[0]
		s, err := scheduler.Open(ctx, cfg)
		if err != nil { // not a nil *Scheduler in an interface
			return nil, err
		}
		return s, nil
	}
	f, err := Open(ctx, Config{Scheduler: cfg})
	if err != nil {
		return nil, err
	}
	return f, nil
}
