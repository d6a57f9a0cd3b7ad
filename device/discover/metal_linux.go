package discover

import (
	"context"
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/metal"
	"github.com/metallic-sched/metallic-sched/device/metal/metalsim"
	"github.com/metallic-sched/metallic-sched/device/metal/mtl"
)

func openSimulated() (device.Device, error) {
	s, err := metalsim.Load(context.Background())
	if err != nil {
		return nil, fmt.Errorf("%w: simulated metal: %w", device.ErrUnavailable, err)
	}
	return metal.Open(metal.Config{Simulated: true, Libraries: mtl.One(s.Path())})
}
