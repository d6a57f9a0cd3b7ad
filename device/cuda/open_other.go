//go:build !(linux && (amd64 || arm64))

package cuda

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
)

// Open fails: the device is for Linux on amd64 and arm64.
func Open(Config) (device.Device, error) {
	return nil, fmt.Errorf("cuda: %w: it is there on Linux on amd64 and arm64 only", device.ErrUnavailable)
}
