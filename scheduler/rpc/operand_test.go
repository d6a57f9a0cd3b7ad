package rpc_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// An Operand that Load did not return, since it returned an error, is refused by name:
// not taken for one that was left out.
func TestNilOperand(t *testing.T) {
	s := startRig(t, rigConfig{}).dial(rpc.Config{})
	var w *rpc.Operand
	v := func(n int) tensor.View { return tensor.Vector(make([]float32, n)) }
	for field, j := range map[string]job.Job{
		"A":    &job.Matmul{A: w.View(), B: v(2), C: v(2)},
		"B":    &job.Matmul{A: v(1), B: w.T(), C: v(1)},
		"Bias": &job.Matmul{A: v(1), B: v(1), C: v(1), Bias: w.View()},
		"Y":    &job.Softmax{X: v(2), Y: w.View()},
	} {
		err := s.Do(t.Context(), j)
		require.ErrorIs(t, err, job.ErrInvalid, field)
		require.ErrorContains(t, err, "job: invalid "+field+": tensor: operand is nil; allowed: one that was loaded without an error")
	}
	require.ErrorIs(t, w.Update(v(2)), job.ErrInvalid)
	w.Release()
}
