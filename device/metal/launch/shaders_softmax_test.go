package launch_test

import (
	"fmt"
	"testing"

	"github.com/metallic-sched/metallic-sched/device/metal/msl"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/kerneltest"
)

// Small threadgroups go over a row many times; the whole suite's are so large
// that few rows take a second turn.
func TestSoftmaxShadersInSmallThreadgroups(t *testing.T) {
	onceUnderRace(t)
	libraries, caps := libraries(t), apple
	var rows kernels.Catalog
	for _, row := range shaded() {
		if row.Family.Op() == kernels.OpSoftmax {
			rows = append(rows, row)
		}
	}
	for _, caps.MaxThreadgroup = range []int{32, 128} {
		for _, caps.SIMDReduction = range []bool{true, false} {
			t.Run(fmt.Sprintf("%d threads, reductions %t", caps.MaxThreadgroup, caps.SIMDReduction), func(t *testing.T) {
				r := &rig{programs: libraries, schedule: msl.Random(4)}
				kerneltest.Exercise(t, r.implementation(caps, rows))
			})
		}
	}
}
