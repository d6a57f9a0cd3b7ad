package sim_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/cpu"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
)

// The suite that real devices pass, on those that pretend: with the CPU
// inside, of which a few kernels are enough, and with nothing inside.
func TestConformance(t *testing.T) {
	few := kernels.Catalog{*kernels.Default.Find("matmul_gemv"), *kernels.Default.Find("softmax_vec")}
	for name, suite := range map[string]devicetest.Suite{
		"cpu inside":          {Open: opener(true, sim.Config{}), Catalog: few},
		"cpu inside discrete": {Open: opener(true, sim.Config{Discrete: true}), Catalog: few},
		"a host before it":    {Open: opener(true, sim.Config{Discrete: true, QueueDepth: 3, Before: 20 * time.Microsecond}), Catalog: few},
		"nothing inside":      {Open: opener(false, sim.Config{}), ComputesNothing: true},
	} {
		t.Run(name, suite.Run)
	}
}

func opener(inner bool, cfg sim.Config) func(t testing.TB) device.Device {
	return func(t testing.TB) device.Device {
		c := cfg
		if inner {
			d, err := cpu.Open(cpu.Config{Threads: 2})
			require.NoError(t, err)
			t.Cleanup(func() { _ = d.Close() })
			c.Inner = d
		}
		return sim.Open(c)
	}
}
