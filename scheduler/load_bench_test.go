package scheduler_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// BenchmarkLoad measures bringing a matrix of 16-bit floats in the caller's memory
// to the device, and letting go of it: to the one that -stress.device names, or
// else to the cpu.
func BenchmarkLoad(b *testing.B) {
	for _, c := range [][2]int{{896, 896}, {4096, 4096}, {151936, 896}} {
		b.Run(fmt.Sprintf("%dx%d", c[0], c[1]), func(b *testing.B) {
			s := start(b, scheduler.Config{Device: openCounted(b)})
			host := halves(c[0] * c[1])
			b.SetBytes(int64(2 * len(host)))
			for b.Loop() {
				o, err := s.Load(tensor.Matrix(host, c[0], c[1]))
				require.NoError(b, err)
				o.Release()
			}
		})
	}
}
