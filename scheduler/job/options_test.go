package job_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestPriority(t *testing.T) {
	for i, p := range []job.Priority{job.Low, job.Normal, job.High} {
		require.Equal(t, i, p.Class())
		require.Equal(t, []string{"low", "normal", "high"}[i], p.String())
	}
	require.Equal(t, 3, job.Classes)
	require.Equal(t, "priority(2)", job.Priority(2).String())
	require.Equal(t, job.Normal, job.Options{}.Priority)
}

func TestOptionsOf(t *testing.T) {
	m, s := &job.Matmul{}, &job.Softmax{}
	m.Tenant, s.Tenant = "m", "s"
	require.Same(t, &m.Options, job.OptionsOf(m))
	require.Same(t, &s.Options, job.OptionsOf(s))
	require.Equal(t, &job.Options{}, job.OptionsOf((*job.Matmul)(nil)))
	require.Equal(t, &job.Options{}, job.OptionsOf((*job.Softmax)(nil)))
}
