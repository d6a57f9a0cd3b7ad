package main

import (
	"context"

	"github.com/metallic-sched/metallic-sched/scheduler"
)

// environment returns the Config that the METALLIC_ variables ask for, with
// another device if one is named.
func environment(device string) (scheduler.Config, error) {
	cfg, err := scheduler.FromEnv()
	if err == nil && device != "" {
		cfg.DeviceName = device
	}
	return cfg, err
}

// settings is environment for commands that run no jobs: nothing is recorded.
func settings(device string) (scheduler.Config, error) {
	cfg, err := environment(device)
	if err != nil {
		return cfg, err
	}
	return cfg, closeRecorder(&cfg)
}

// closeRecorder takes the Recorder out of a Config that no scheduler will
// close.
func closeRecorder(cfg *scheduler.Config) error {
	r, ok := cfg.Recorder.(interface{ Close(context.Context) error })
	if cfg.Recorder = nil; !ok || !cfg.CloseRecorder {
		return nil
	}
	return r.Close(context.Background())
}
