package rpc_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// What the client's own limits never let in is told so, and does not wait for room
// that will not come.
func TestTooLargeForTheClient(t *testing.T) {
	r := startRig(t, rigConfig{})
	of := func(tenant string, n int) *job.Softmax {
		j := softmax(n)
		j.Tenant, j.Wait = tenant, true
		return j
	}
	for name, c := range map[string]struct {
		limits job.Limits
		jobs   []job.Job
		want   string // "": it fits
	}{
		"fits":              {job.Limits{Jobs: 2, Bytes: 1 << 10, TenantJobs: 1, TenantBytes: 1 << 9}, []job.Job{of("a", 16), of("b", 16)}, ""},
		"bytes":             {job.Limits{Bytes: 1 << 10}, []job.Job{of("", 1000)}, "bytes of activations and results; allowed: up to 1024 bytes"},
		"bytes, together":   {job.Limits{Bytes: 1 << 10}, []job.Job{of("", 100), of("a", 100)}, "bytes of activations and results"},
		"jobs, together":    {job.Limits{Jobs: 1}, []job.Job{of("", 1), of("a", 1)}, "2 jobs at once; allowed: up to 1"},
		"bytes of a tenant": {job.Limits{TenantBytes: 1 << 10}, []job.Job{of("b", 1), of("a", 1000)}, "allowed: up to 1024 bytes"},
		"jobs of a tenant":  {job.Limits{TenantJobs: 1}, []job.Job{of("b", 1), of("a", 1), of("a", 1)}, "2 jobs at once"},
	} {
		d := r.dial(rpc.Config{Limits: c.limits})
		errs := []error{d.DoAll(t.Context(), c.jobs)}
		if len(c.jobs) == 1 {
			errs = append(errs, d.Do(t.Context(), c.jobs[0]))
		}
		for _, err := range errs {
			if c.want == "" {
				require.NoError(t, err, name)
				continue
			}
			require.ErrorIs(t, err, job.ErrInvalid, name)
			require.ErrorContains(t, err, c.want, name)
		}
		a := d.Audit()
		require.True(t, a.Balances() && a.InFlight == 0, "%s: %+v", name, a)
	}
}
