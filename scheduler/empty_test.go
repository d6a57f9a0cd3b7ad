package scheduler_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// TestEmptyJobsOfAnySize: a result without elements is done at once, however
// many empty matrices, rows or columns it has. Cut like others, these would
// keep the dispatcher busy for ever.
func TestEmptyJobsOfAnySize(t *testing.T) {
	const huge = 1 << 60
	memory := tensor.Vector(make([]float32, 4))
	view := func(batch, rows, cols int) tensor.View {
		return memory.Strided(tensor.Dims{batch, rows, cols}, tensor.Dims{}, 0)
	}
	s := start(t, scheduler.Config{Device: openCPU(t)})
	for name, j := range map[string]job.Job{
		"matrices":         &job.Matmul{A: view(huge, 0, 0), B: view(1, 0, 2), C: view(huge, 0, 2)},
		"columns":          &job.Matmul{A: view(1, 0, 0), B: view(1, 0, huge), C: view(1, 0, huge)},
		"rows":             &job.Matmul{A: view(1, huge, 0), B: view(1, 0, 0), C: view(1, huge, 0)},
		"no matrices":      &job.Matmul{A: view(0, 2, 1), B: view(0, 1, 2), C: view(0, 2, 2)},
		"softmax matrices": &job.Softmax{X: view(huge, 0, 4)},
		"softmax rows":     &job.Softmax{X: view(1, huge, 0)},
		"heads":            &job.Attention{Q: view(huge, 0, 1), K: view(1, 0, 1), V: view(1, 0, 1), O: view(huge, 0, 1)},
		"attending rows":   &job.Attention{Q: view(1, huge, 0), K: view(1, 2, 0), V: view(1, 2, 0), O: view(1, huge, 0)},
		"no heads":         &job.Attention{Q: view(0, 2, 1), K: view(0, 2, 1), V: view(0, 2, 1), O: view(0, 2, 1)},
	} {
		for door, submit := range doors {
			require.NoError(t, submit(s, background, j), "%s by %s", name, door)
		}
	}
	require.EqualValues(t, 9*len(doors), s.Audit().Done)
}
