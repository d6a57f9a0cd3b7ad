package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
)

func TestConformance(t *testing.T) {
	for name, threads := range map[string]int{"one thread": 1, "three threads": 3} {
		t.Run(name, func(t *testing.T) {
			devicetest.Exercise(t, func(t testing.TB) device.Device {
				d, err := Open(Config{Threads: threads})
				require.NoError(t, err)
				return d
			})
		})
	}
}
