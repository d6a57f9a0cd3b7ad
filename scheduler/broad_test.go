package scheduler_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// TestBroadAmongOthers: products that are computed where they lie, in a group with
// narrow ones that share their A. Operands are loaded or the caller's.
func TestBroadAmongOthers(t *testing.T) {
	const m, k, broad = 4096, 3, 512
	for name, d := range map[string]device.Device{"cpu": openCPU(t), "discrete": openDiscrete(t, 1<<22, nil)} {
		t.Run(name, func(t *testing.T) {
			s := start(t, scheduler.Config{Device: d})
			w, x := counting(m, k, 7), counting(k, broad, 5)
			a, err := s.Load(w)
			require.NoError(t, err)
			b, err := s.Load(x)
			require.NoError(t, err)
			var all []job.Job
			for _, n := range []int{64, broad, 32, broad, 48, broad - 1, 1} {
				for _, from := range []tensor.View{b.View(), x} {
					all = append(all, &job.Matmul{A: a.View(), B: from.Slice(0, k, 0, n), C: tensor.Matrix(make([]float32, m*n), m, n)})
				}
			}
			require.NoError(t, s.DoAll(background, all))
			for i, j := range all {
				c := j.(*job.Matmul).C
				for row := 0; row < m; row += 97 {
					for col := range c.Cols() {
						var want float64
						for e := range k {
							want += float64(w.Value(0, row, e)) * float64(x.Value(0, e, col))
						}
						require.InDelta(t, want, c.Value(0, row, col), 1e-6, "job %d, element %d, %d", i, row, col)
					}
				}
			}
		})
	}
}

// counting returns a matrix of small whole numbers.
func counting(rows, cols, period int) tensor.View {
	xs := make([]float32, rows*cols)
	for i := range xs {
		xs[i] = float32(i%period - period/2)
	}
	return tensor.Matrix(xs, rows, cols)
}
