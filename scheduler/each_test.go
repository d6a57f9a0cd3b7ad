package scheduler_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func rows(n int) *job.Softmax { return &job.Softmax{X: tensor.Matrix(make([]float32, n), 1, n)} }

// Each job is accepted or refused on its own.
func TestSubmitEach(t *testing.T) {
	s, err := scheduler.Open(t.Context(), scheduler.Config{Device: sim.Open(sim.Config{}), Limits: job.Limits{Bytes: 1 << 20}})
	require.NoError(t, err)
	each := []scheduler.Each{{Job: rows(8)}, {Job: nil}, {Job: rows(1 << 20)}, {Job: rows(16)}}
	s.SubmitEach(t.Context(), each, nil)
	require.NoError(t, each[0].Err)
	require.ErrorIs(t, each[1].Err, job.ErrInvalid)
	require.ErrorIs(t, each[2].Err, job.ErrInvalid)
	require.NoError(t, each[0].Handle.Wait(t.Context()))
	require.NoError(t, each[3].Handle.Wait(t.Context()))
	s.SubmitEach(t.Context(), nil, nil)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.SubmitEach(ctx, each[:1], nil)
	require.ErrorIs(t, each[0].Err, job.ErrCancelled)
	audit := s.Audit()
	require.Equal(t, int64(2), audit.Done)
	require.Equal(t, int64(3), audit.Rejected)
	require.True(t, audit.Balances())
	require.NoError(t, s.Close(t.Context()))
	s.SubmitEach(t.Context(), each[3:], nil)
	require.ErrorIs(t, each[3].Err, job.ErrClosed)
}

// A job that waits for room has it when those before it in the call have ended.
func TestSubmitEachWaits(t *testing.T) {
	s, err := scheduler.Open(t.Context(), scheduler.Config{Device: sim.Open(sim.Config{}), Limits: job.Limits{Jobs: 1}})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	each := []scheduler.Each{{Job: rows(8)}, {Job: nil}, {Job: rows(8)}, {Job: rows(8)}, {Job: (*job.Softmax)(nil)}}
	for _, i := range []int{0, 2, 3} {
		each[i].Job.(*job.Softmax).Wait = true
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute) // else it hangs
	defer stop()
	s.SubmitEach(ctx, each, nil)
	for _, i := range []int{0, 2, 3} {
		require.NoError(t, each[i].Err, "job %d", i)
		require.NoError(t, each[i].Handle.Wait(t.Context()))
	}
	require.ErrorIs(t, each[1].Err, job.ErrInvalid)
	require.ErrorIs(t, each[4].Err, job.ErrInvalid)
}

// Preferences change what later jobs get, as Explain says.
func TestRetuneAndExplain(t *testing.T) {
	s, err := scheduler.Open(t.Context(), scheduler.Config{Device: sim.Open(sim.Config{})})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	question := func() string {
		v := func(r, c int) tensor.View { return tensor.Matrix(make([]float32, r*c), r, c) }
		plan, orientation, err := s.Explain(&job.Matmul{A: v(128, 64), B: v(64, 4), C: v(128, 4)})
		require.NoError(t, err)
		require.NotEmpty(t, orientation)
		return plan.Family().String()
	}
	require.Equal(t, "smalln", question())
	prefs := s.Prefs()
	require.Equal(t, policy.DefaultPrefs(), prefs)
	prefs.SmallNMaxN = 2
	require.NoError(t, s.Retune(prefs))
	require.NotEqual(t, "smalln", question())
	prefs.SmallNMaxN = -1
	var wrong *policy.PrefError
	require.ErrorAs(t, s.Retune(prefs), &wrong)
	require.Equal(t, 2, s.Prefs().SmallNMaxN)
	_, _, err = s.Explain(nil)
	require.ErrorIs(t, err, job.ErrInvalid)
	require.Zero(t, s.Audit().Submitted)
}

// A trace would not tell its replay that the preferences have changed.
func TestRetuneIsNotTraced(t *testing.T) {
	s, err := scheduler.Open(t.Context(), scheduler.Config{
		Device: sim.Open(sim.Config{}), Trace: true, Recorder: metrics.Multi{&tracing{}},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	var wrong *scheduler.ConfigError
	require.ErrorAs(t, s.Retune(s.Prefs()), &wrong)
	require.Equal(t, "Trace", wrong.Field)
}

type tracing struct{ metrics.Discard }

func (*tracing) Trace(*metrics.Event) {}

func TestTenants(t *testing.T) {
	s, err := scheduler.Open(t.Context(), scheduler.Config{Device: sim.Open(sim.Config{})})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close(context.Background())) }()
	require.Empty(t, s.Tenants())
	for _, tenant := range []string{"b", "a", "b"} {
		j := rows(8)
		j.Tenant = tenant
		require.NoError(t, s.Do(t.Context(), j))
	}
	all := s.Tenants()
	require.Len(t, all, 2)
	require.Equal(t, "a", all[0].Name)
	require.Equal(t, int64(2), all[1].Audit.Done)
}
