package cpu

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/devicetest"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// TestConformance runs the suite with every instruction set that there is; with
// the best alone under the race detector, to which they are all the same.
func TestConformance(t *testing.T) {
	levels := cpu.Levels()
	if race {
		t.Log("NOT REPEATED with -race: other instruction sets")
		levels = levels[len(levels)-1:]
	}
	for _, l := range levels {
		t.Run(l.String(), func(t *testing.T) {
			defer cpu.Use(l)()
			devicetest.Exercise(t, opener(3))
		})
	}
}

// TestConformanceAlone has no helper threads. The kernels are the same, so a
// few of them are enough.
func TestConformanceAlone(t *testing.T) {
	devicetest.Suite{
		Open:    opener(1),
		Catalog: kernels.Catalog{*kernels.Default.Find("matmul_mlx"), *kernels.Default.Find("softmax_vec")},
	}.Run(t)
}

func opener(threads int) func(t testing.TB) device.Device {
	return func(t testing.TB) device.Device { return open(t, threads) }
}

func open(t testing.TB, threads int) *Device {
	d, err := Open(Config{Threads: threads})
	require.NoError(t, err)
	return d
}
