package discover

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal"
)

func openMetal(c Config) (device.Device, error) {
	switch c.Metal {
	case "":
		return metal.Open(metal.Config{})
	case Simulated:
		return openSimulated()
	}
	return nil, fmt.Errorf("metal library %q; allowed: %q, or none for that of macOS", c.Metal, Simulated)
}
