package discover

import (
	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cuda"
)

func openCUDA(_ Config, number int) (device.Device, error) {
	return cuda.Open(cuda.Config{GPU: number})
}
