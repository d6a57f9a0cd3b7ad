//go:build !(darwin || linux)

package metal

import (
	"fmt"

	"github.com/metallic-sched/metallic-sched/device"
)

// Open fails: this platform has no Metal.
func Open(Config) (device.Device, error) {
	return nil, fmt.Errorf("metal: %w: %s", device.ErrUnavailable, advice)
}
