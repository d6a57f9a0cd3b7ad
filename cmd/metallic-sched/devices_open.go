package main

import (
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
)

// openDevices are devices that several schedulers share.
type openDevices []fleet.Device

// openNamed opens the devices that a Config names.
func openNamed(cfg *scheduler.Config) (list openDevices, err error) {
	names, err := discover.Expand(cfg.DeviceName)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		d, err := discover.Open(name, cfg.Libraries())
		if err != nil {
			return nil, errors.Join(err, list.Close())
		}
		list = append(list, fleet.Device{Name: name, Device: d})
	}
	return list, nil
}

// Close closes them.
func (l openDevices) Close() error {
	var errs []error
	for _, d := range l {
		if err := d.Device.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", d.Name, err))
		}
	}
	return errors.Join(errs...)
}
