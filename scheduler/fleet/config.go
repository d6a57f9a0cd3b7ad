package fleet

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/discover"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Config says what a fleet consists of and how it runs. Devices, or the
// scheduler's DeviceName, must name at least one device.
type Config struct {
	// Scheduler is how each device's scheduler runs. Limits are those of all
	// together; Weights, Quarantine and all that concerns batches hold for each
	// device by itself. Device and Reopen must be nil, and Trace false: a replay
	// knows one device.
	Scheduler scheduler.Config
	// Devices run the jobs. The fleet does not close them. None: those that
	// Scheduler.DeviceName names, such as cuda:0,cuda:1 or cuda:all, which the
	// fleet opens, opens again when they are lost, and closes.
	Devices []Device
	// OperandBytes bounds the operands on each device. Default four fifths of its
	// memory: the rest is for activations and results.
	OperandBytes int64
	// HostBytes bounds the copies of all operands that are kept in the host's
	// memory, one of each, to load them from: Load beyond it fails with
	// device.ErrOutOfMemory. Default as much as the devices may hold together.
	HostBytes int64
	// Place adjusts where jobs go. Default policy.DefaultPlaceTuning().
	Place *policy.PlaceTuning
}

// Device is one device of a fleet.
type Device struct {
	Name   string // in records and metrics; no two alike
	Device device.Device
	// Reopen is as in scheduler.Config, for this device.
	Reopen func() (device.Device, error)
}

// check returns what a fleet cannot do.
func (c *Config) check() error {
	s := &c.Scheduler
	wrong := func(field, got, allowed string) error {
		return &scheduler.ConfigError{Field: field, Got: got, Allowed: allowed}
	}
	switch {
	case s.Device != nil || s.Reopen != nil:
		return wrong("Device", "set", "nil in a fleet, whose devices are its own")
	case s.Trace:
		return wrong("Trace", "true", "false with several devices: a replay knows one")
	case c.OperandBytes < 0:
		return wrong("OperandBytes", fmt.Sprint(c.OperandBytes), "at least 0")
	case c.HostBytes < 0:
		return wrong("HostBytes", fmt.Sprint(c.HostBytes), "at least 0")
	}
	for i, d := range c.Devices {
		if d.Name == "" || d.Device == nil || slices.ContainsFunc(c.Devices[:i], func(o Device) bool { return o.Name == d.Name }) {
			return wrong(fmt.Sprintf("Devices[%d]", i), fmt.Sprintf("%q", d.Name), "devices with names, no two alike")
		}
	}
	return nil
}

// members returns the Config of each device's scheduler, by name.
func (c *Config) members(f *Fleet) (list []scheduler.Config, err error) {
	each := c.Scheduler
	each.Recorder, each.CloseRecorder = f.journal.recorder(), false
	add := func(name string) *scheduler.Config {
		cfg := each
		cfg.Member = &scheduler.Member{Common: f.common, Device: name, Refuge: f.takeIn}
		list = append(list, cfg)
		return &list[len(list)-1]
	}
	for _, d := range c.Devices {
		cfg := add(d.Name)
		cfg.Device, cfg.Reopen = d.Device, d.Reopen
	}
	if len(c.Devices) > 0 {
		return list, nil
	}
	names, err := discover.Expand(cmp.Or(each.DeviceName, discover.Auto))
	for _, name := range names {
		add(name).DeviceName = name
	}
	return list, err
}
