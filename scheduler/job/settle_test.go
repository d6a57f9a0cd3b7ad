package job_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// admitted returns n held lives with leases, by turns of the given accounts
// and groups.
func admitted(t testing.TB, n int, accounts []*job.Account, groups []*job.Group) []*job.Life {
	lives := make([]*job.Life, n)
	for i := range lives {
		a, g := accounts[i%len(accounts)], groups[i%len(groups)]
		require.NoError(t, a.Admit(1, 16))
		if g != nil {
			g.Expect(1)
		}
		lives[i] = new(job.Life)
		lives[i].Init(a.Lease(16), g)
		require.True(t, lives[i].Hold())
	}
	return lives
}

// TestFlushGivesBackBeforeItTells: whoever is woken finds room for all.
func TestFlushGivesBackBeforeItTells(t *testing.T) {
	l := job.NewLedger(job.Limits{Jobs: 10})
	accounts := []*job.Account{l.Account("a"), l.Account("b"), l.Account("a")}
	lives := admitted(t, 10, accounts, []*job.Group{nil})
	told := 0
	for _, life := range lives {
		life.OnEnd(func() {
			told++
			require.Zero(t, l.InFlight())
			require.True(t, l.Audit().Balances())
		})
	}
	var s job.Settlement
	outcomes := []job.Outcome{job.Done, job.Done, job.Failed}
	for i, life := range lives {
		s.Add(life, outcomes[i%3], outcomeErrors[outcomes[i%3]])
		require.False(t, life.Ended() || life.Pending())
	}
	require.Equal(t, int64(10), l.InFlight(), "nothing is given back before Flush")
	require.Equal(t, 10, s.Flush())
	require.Equal(t, 10, told)
	require.Equal(t, job.Audit{Submitted: 10, Done: 7, Failed: 3}, l.Audit())
	require.Zero(t, s.Flush(), "flushed is forgotten")
}

// TestEndGivesBackBeforeItTells is the same for a job that ends alone.
func TestEndGivesBackBeforeItTells(t *testing.T) {
	l := job.NewLedger(job.Limits{})
	life := admitted(t, 1, []*job.Account{l.Account("")}, []*job.Group{nil})[0]
	told := false
	life.OnEnd(func() { told = true; require.Zero(t, l.InFlight()) })
	life.Release(job.Done, nil)
	require.True(t, told)
}

func TestFlushCountsCallers(t *testing.T) {
	a, b := job.NewGroup(), job.NewGroup()
	for _, c := range []struct {
		groups  []*job.Group
		callers int
	}{
		{[]*job.Group{nil}, 1},
		{[]*job.Group{nil, nil}, 2},
		{[]*job.Group{a}, 1},
		{[]*job.Group{a, a, a}, 1},
		{[]*job.Group{a, a, b}, 2},
		{[]*job.Group{nil, a, a, nil, b}, 4},
		{[]*job.Group{a, a, nil}, 2},
	} {
		l := job.NewLedger(job.Limits{})
		var s job.Settlement
		for _, life := range admitted(t, len(c.groups), []*job.Account{l.Account("")}, c.groups) {
			s.Add(life, job.Done, nil)
		}
		require.Equal(t, c.callers, s.Flush())
		for _, g := range []*job.Group{a, b} {
			for _, of := range c.groups {
				if of == g {
					require.NoError(t, g.Wait(context.Background()))
					break
				}
			}
		}
	}
}

// TestSettlementEndsOnlyTheHeld: neither a job that waits nor one that has
// ended is settled; one that was marked is done all the same.
func TestSettlementEndsOnlyTheHeld(t *testing.T) {
	var waiting, over, marked job.Life
	over.End(job.Expired, nil)
	require.True(t, marked.Hold())
	marked.End(job.Cancelled, nil)
	var s job.Settlement
	for _, l := range []*job.Life{&waiting, &over, &marked} {
		require.Equal(t, l == &marked, s.Add(l, job.Done, nil))
	}
	require.Equal(t, 1, s.Flush())
	require.True(t, waiting.Pending())
	o, _ := over.Result()
	require.Equal(t, job.Expired, o)
	o, _ = marked.Result()
	require.Equal(t, job.Done, o)
}
