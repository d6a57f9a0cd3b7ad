package main

import (
	"context"
	"slices"

	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// environment returns the Config that the METALLIC_ variables ask for, with
// another device if one is named.
func environment(device string) (scheduler.Config, error) {
	if err := checkDevice(device); err != nil {
		return scheduler.Config{}, err
	}
	cfg, err := scheduler.FromEnv()
	if err == nil && device != "" {
		cfg.DeviceName = device
	}
	return cfg, err
}

// checkDevice returns what is wrong with a --device, if one is given.
func checkDevice(name string) error {
	if name == "" || discover.Check(name) == nil {
		return nil
	}
	return wrongUsage("--device is %q; allowed: %s", name, discover.NameSyntax)
}

// settings is environment for commands that run no jobs: nothing is recorded.
func settings(device string) (scheduler.Config, error) {
	cfg, err := environment(device)
	if err != nil {
		return cfg, err
	}
	return cfg, closeRecorder(&cfg)
}

// truthyVariable reports whether a variable turns something on.
func truthyVariable(name string) bool {
	settings, _ := scheduler.EnvSettings() // what is wrong with others is not asked here
	return slices.Contains(settings, scheduler.EnvSetting{Name: name, Value: "true", Set: true})
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
