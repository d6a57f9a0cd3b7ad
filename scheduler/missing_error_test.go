package scheduler_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// missing is an operand that its device lost.
type missing struct{}

// On implements scheduler.Shared.
func (missing) On(context.Context, *scheduler.Scheduler, *scheduler.Outbox) (*scheduler.Operand, error) {
	return nil, &scheduler.MissingError{Err: device.ErrLost}
}

// Who placed the job counts it, where it goes in the end.
func TestMissingIsNotCounted(t *testing.T) {
	s, err := scheduler.Open(t.Context(), scheduler.Config{Device: sim.Open(sim.Config{})})
	require.NoError(t, err)
	floats := func(n int) []float32 { return make([]float32, n) }
	lost := &tensor.Resident{ID: 1, Owner: missing{}}
	product := func() job.Job {
		return &job.Matmul{A: lost.Of(tensor.Matrix(floats(4), 2, 2)), B: tensor.Matrix(floats(2), 2, 1), C: tensor.Matrix(floats(2), 2, 1)}
	}
	refused := func(err error) {
		t.Helper()
		require.True(t, scheduler.IsMissing(err), "%v", err)
		require.ErrorIs(t, err, device.ErrLost)
	}
	refused(s.Do(t.Context(), product()))
	_, err = s.Submit(t.Context(), product())
	refused(err)
	refused(s.DoAll(t.Context(), []job.Job{product(), product()}))
	_, err = s.SubmitAll(t.Context(), []job.Job{product()})
	refused(err)
	each := []scheduler.Each{{Job: product()}}
	s.SubmitEach(t.Context(), each, nil)
	refused(each[0].Err)
	require.Zero(t, s.Audit())
	require.NoError(t, s.Close(t.Context()))
}
