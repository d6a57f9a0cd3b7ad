//go:build linux && (amd64 || arm64)

package cuda

import "github.com/metallic-sched/metallic-sched/device/cuda/driver"

// Count returns how many GPUs the driver has, numbered from 0: what Config.GPU
// may be, up to one less. It wraps device.ErrUnavailable where there is no driver.
func Count() (int, error) {
	api, err := driver.Load()
	if err != nil {
		return 0, unavailable(err)
	}
	n, err := api.Count()
	if err != nil {
		return 0, unavailable(err)
	}
	return n, nil
}
