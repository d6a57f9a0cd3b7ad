package job_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// What no waiting admits is refused with the limit and whose it is; what just fits is
// not, however it is spread over tenants.
func TestFit(t *testing.T) {
	type taken struct {
		tenant string
		bytes  int64
	}
	l := job.NewLedger(job.Limits{})
	for name, c := range map[string]struct {
		limits       job.Limits
		jobs         []taken
		got, allowed string // "": they fit
	}{
		"nothing":              {job.Limits{Jobs: 1}, nil, "", ""},
		"no limits":            {job.Limits{}, []taken{{"a", 1 << 40}, {"b", 1 << 40}}, "", ""},
		"just":                 {job.Limits{Jobs: 3, Bytes: 6, TenantJobs: 2, TenantBytes: 4}, []taken{{"a", 1}, {"b", 2}, {"a", 3}}, "", ""},
		"bytes":                {job.Limits{Bytes: 8}, []taken{{"a", 9}}, "9 bytes of activations and results", "up to 8 bytes, ours"},
		"bytes, together":      {job.Limits{Bytes: 8}, []taken{{"a", 5}, {"b", 5}}, "10 bytes of activations and results", "up to 8 bytes, ours"},
		"jobs":                 {job.Limits{Jobs: 1}, []taken{{"a", 1}, {"b", 1}}, "2 jobs at once", "up to 1 jobs, ours"},
		"jobs of a tenant":     {job.Limits{TenantJobs: 1}, []taken{{"b", 1}, {"a", 1}, {"a", 1}, {"a", 1}}, "3 jobs at once", "up to 1 jobs, ours"},
		"bytes of a tenant":    {job.Limits{TenantBytes: 7}, []taken{{"b", 7}, {"a", 4}, {"a", 4}}, "8 bytes of activations and results", "up to 7 bytes, ours"},
		"alone":                {job.Limits{TenantBytes: 7}, []taken{{"a", 4}, {"a", 4}}, "8 bytes of activations and results", "up to 7 bytes, ours"},
		"the first of several": {job.Limits{TenantBytes: 1}, []taken{{"b", 2}, {"a", 3}}, "2 bytes of activations and results", "up to 1 bytes, ours"},
		"more than is counted": {job.Limits{}, []taken{{"a", math.MaxInt64 - 1}, {"b", math.MaxInt64 - 1}}, "9223372036854775807 bytes of activations and results", "up to 9223372036854775806 bytes, ours"},
	} {
		err := c.limits.FitAll(len(c.jobs), func(i int) (*job.Account, int64) { return l.Account(c.jobs[i].tenant), c.jobs[i].bytes }, "ours")
		if c.got == "" {
			require.NoError(t, err, name)
			continue
		}
		require.Equal(t, &job.InvalidError{Field: "size", Got: c.got, Allowed: c.allowed, Kind: job.ErrTooLarge}, err, name)
		require.ErrorIs(t, err, job.ErrTooLarge, name)
		require.ErrorIs(t, err, job.ErrInvalid, name)
		require.NotErrorIs(t, err, job.ErrCorrupt, name)
		one := job.Demand{}
		for _, j := range c.jobs {
			one.Add(j.bytes)
		}
		require.Error(t, c.limits.Fit(one, "ours"), "%s: of one tenant", name)
	}
	_, again := job.Retryable((&job.Limits{Jobs: 1}).Fit(job.Demand{Jobs: 2}, "ours"))
	require.False(t, again)
}
