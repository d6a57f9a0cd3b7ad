//go:build !linux

package discover

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
)

func openSimulated() (device.Device, error) {
	return nil, fmt.Errorf("%w: the simulated metal runs on Linux only", device.ErrUnavailable)
}
