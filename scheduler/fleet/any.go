package fleet

import (
	"context"
	"errors"

	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// OpenService opens what a Config names: a fleet when its DeviceName means
// several devices, else a scheduler as it is, which costs nothing more.
func OpenService(ctx context.Context, cfg scheduler.Config) (scheduler.Service, error) {
	if err := job.CheckContext(ctx); err != nil {
		return nil, err
	}
	if cfg.Device != nil || !discover.Several(cfg.DeviceName) || discover.Check(cfg.DeviceName) != nil {
		return one(scheduler.Open(ctx, cfg))
	}
	names, err := discover.Expand(cfg.DeviceName)
	if err != nil {
		return nil, errors.Join(err, newJournal(cfg.Recorder, cfg.CloseRecorder).close(ctx))
	}
	if len(names) == 1 {
		cfg.DeviceName = names[0]
		return one(scheduler.Open(ctx, cfg))
	}
	return many(Open(ctx, Config{Scheduler: cfg}))
}

// OpenOn is OpenService for devices that are open already, and stay so; without
// any it is OpenService.
func OpenOn(ctx context.Context, cfg scheduler.Config, devices []Device) (scheduler.Service, error) {
	switch len(devices) {
	case 0:
		return OpenService(ctx, cfg)
	case 1:
		cfg.Device, cfg.Reopen = devices[0].Device, devices[0].Reopen
		return one(scheduler.Open(ctx, cfg))
	}
	return many(Open(ctx, Config{Scheduler: cfg, Devices: devices}))
}

// one and many keep nil pointers out of interfaces.
func one(s *scheduler.Scheduler, err error) (scheduler.Service, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

func many(f *Fleet, err error) (scheduler.Service, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}
