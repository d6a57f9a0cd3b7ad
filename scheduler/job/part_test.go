package job_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// end ends a job with a lease.
func end(l job.Lease, o job.Outcome) {
	var life job.Life
	life.Init(l, nil)
	life.End(o, nil)
}

// What is taken of a part is taken of the whole, by its limits, and comes back to
// both.
func TestPart(t *testing.T) {
	whole := job.NewLedger(job.Limits{Jobs: 5, TenantJobs: 3, Bytes: 100})
	a, b := whole.Part(), whole.Part()
	x, y := a.Account("x"), b.Account("x")
	require.NoError(t, x.Admit(2, 10))
	require.NoError(t, y.Admit(1, 20))
	require.Same(t, x.Whole(), y.Whole())
	require.Same(t, whole.Account("x"), x.Whole())
	var full *job.QueueFullError
	require.ErrorAs(t, y.Admit(1, 1), &full)
	require.Equal(t, "jobs of the tenant", full.Limit)
	require.NoError(t, b.Account("").Admit(2, 20))
	require.ErrorAs(t, a.Account("").Admit(1, 1), &full)
	require.Equal(t, "jobs", full.Limit)
	require.EqualValues(t, 2, a.InFlight())
	require.EqualValues(t, 3, b.InFlight())
	require.EqualValues(t, 5, whole.InFlight())

	room := a.Room()
	end(y.Lease(20), job.Done)
	<-room // room on the other part is room here
	y.Charge(7)
	y.Reject(2)
	x.Withdraw(1, 5)
	require.Equal(t, job.Audit{Submitted: 4, Done: 1, Rejected: 2, InFlight: 1, Bytes: 5}, whole.Account("x").Audit())
	require.Equal(t, job.Audit{Submitted: 3, Done: 1, Rejected: 2}, y.Audit())
	require.EqualValues(t, 7, whole.Account("x").Used())
	require.True(t, whole.Audit().Balances())
}

// Many parts, used at once, add up to the whole.
func TestPartsAddUp(t *testing.T) {
	whole := job.NewLedger(job.Limits{Jobs: 20})
	parts := []*job.Ledger{whole.Part(), whole.Part(), whole.Part()}
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			a := parts[i%3].Account([]string{"", "t"}[i%2])
			for n := range 2000 {
				if a.Admit(4, 8) != nil {
					a.Reject(4)
					continue
				}
				for range 4 {
					end(a.Lease(2), job.Outcome(1+n%4))
				}
			}
		})
	}
	all.Wait()
	sum := job.Audit{}
	for _, p := range parts {
		b := p.Audit()
		require.True(t, b.Balances())
		sum.Submitted += b.Submitted
		sum.Done += b.Done
		sum.Failed += b.Failed
		sum.Cancelled += b.Cancelled
		sum.Expired += b.Expired
		sum.Rejected += b.Rejected
	}
	require.Equal(t, whole.Audit(), sum)
	require.EqualValues(t, 6*2000*4, sum.Submitted)
}
