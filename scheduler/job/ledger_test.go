package job_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestLedgerLimits(t *testing.T) {
	for name, c := range map[string]struct {
		limits  job.Limits
		n, size int64 // of what "a" has in flight; "b" has one job of 10 bytes
		more    int64 // jobs of more bytes
		bytes   int64
		full    *job.QueueFullError
	}{
		"none":            {job.Limits{}, 5, 1 << 40, 1 << 40, math.MaxInt64 / 4, nil},
		"nor beyond":      {job.Limits{}, 1, 60, 1, math.MaxInt64, &job.QueueFullError{Limit: "bytes", InUse: 70, Max: math.MaxInt64, Excess: 70}},
		"jobs fit":        {job.Limits{Jobs: 4}, 2, 0, 1, 0, nil},
		"jobs":            {job.Limits{Jobs: 4}, 2, 0, 2, 0, &job.QueueFullError{Limit: "jobs", InUse: 3, Max: 4, Excess: 1}},
		"bytes fit":       {job.Limits{Bytes: 100}, 1, 60, 1, 30, nil},
		"bytes":           {job.Limits{Bytes: 100}, 1, 60, 1, 31, &job.QueueFullError{Limit: "bytes", InUse: 70, Max: 100, Excess: 1}},
		"huge":            {job.Limits{Bytes: 100}, 1, 60, 1, math.MaxInt64, &job.QueueFullError{Limit: "bytes", InUse: 70, Max: 100, Excess: math.MaxInt64 - 30}},
		"tenant fits":     {job.Limits{TenantJobs: 3, TenantBytes: 70}, 2, 60, 1, 10, nil},
		"tenant's jobs":   {job.Limits{TenantJobs: 3}, 2, 0, 2, 0, &job.QueueFullError{Limit: "jobs of the tenant", InUse: 2, Max: 3, Excess: 1}},
		"tenant's bytes":  {job.Limits{TenantBytes: 70}, 2, 60, 1, 11, &job.QueueFullError{Limit: "bytes of the tenant", InUse: 60, Max: 70, Excess: 1}},
		"first that met":  {job.Limits{Jobs: 3, TenantJobs: 2}, 2, 0, 1, 0, &job.QueueFullError{Limit: "jobs", InUse: 3, Max: 3, Excess: 1}},
		"no bytes, full":  {job.Limits{Bytes: 70}, 1, 60, 1, 0, nil},
		"one lot too big": {job.Limits{Jobs: 9}, 0, 0, 9, 0, &job.QueueFullError{Limit: "jobs", InUse: 1, Max: 9, Excess: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			l := job.NewLedger(c.limits)
			a := l.Account("a")
			require.NoError(t, a.Admit(c.n, c.size))
			require.NoError(t, l.Account("b").Admit(1, 10))
			before := l.Audit()
			err := a.Admit(c.more, c.bytes)
			if c.full == nil {
				require.NoError(t, err)
				require.Equal(t, c.n+1+c.more, l.InFlight())
				return
			}
			c.full.Tenant = "a"
			require.Equal(t, c.full, err)
			require.ErrorIs(t, err, job.ErrQueueFull)
			require.Equal(t, before, l.Audit(), "a refused lot leaves no trace")
		})
	}
}

func TestLedgerBooks(t *testing.T) {
	l := job.NewLedger(job.Limits{})
	a := l.Account("a")
	require.Same(t, a, l.Account("a"))
	require.Same(t, l.Account(""), l.Account(""))
	require.Same(t, a, a.Lease(3).Account())

	require.NoError(t, a.Admit(6, 60))
	for _, o := range []job.Outcome{job.Done, job.Failed, job.Cancelled, job.Expired} {
		var life job.Life
		life.Init(a.Lease(10), nil)
		life.End(o, outcomeErrors[o])
	}
	a.Withdraw(1, 10)
	a.Reject(3)
	want := job.Audit{Submitted: 8, Done: 1, Failed: 1, Cancelled: 1, Expired: 1, Rejected: 3, InFlight: 1, Bytes: 10}
	require.Equal(t, want, a.Audit())
	require.True(t, want.Balances())
	require.Equal(t, want, l.Audit())
	want.Done++
	require.False(t, want.Balances())

	l.Account("").Reject(1)
	names := []string{}
	for _, a := range l.Accounts() {
		names = append(names, a.Tenant)
	}
	require.Equal(t, []string{"", "a"}, names)
	require.Equal(t, int64(4), l.Audit().Rejected)
}

func TestCharge(t *testing.T) {
	var nobody *job.Account
	nobody.Charge(time.Second)
	a := job.NewLedger(job.Limits{}).Account("a")
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { a.Charge(3 * time.Millisecond) })
	}
	all.Wait()
	require.Equal(t, 150*time.Millisecond, a.Used())
}

// TestLedgerNeverExceedsItsLimits races tenants that take and give back lots
// of random size, by every way of giving back.
func TestLedgerNeverExceedsItsLimits(t *testing.T) {
	limits := job.Limits{Jobs: 12, Bytes: 100, TenantJobs: 7, TenantBytes: 60}
	l := job.NewLedger(limits)
	var all sync.WaitGroup
	for seed := range uint64(6) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, 0))
			a := l.Account([]string{"", "a", "b"}[seed%3])
			for range 3000 {
				n, each := 1+random.Int64N(4), random.Int64N(30)
				if err := a.Admit(n, n*each); err != nil {
					a.Reject(n)
					continue
				}
				mine, sum := a.Audit(), l.Audit()
				if mine.InFlight > limits.TenantJobs || mine.Bytes > limits.TenantBytes || sum.InFlight > limits.Jobs || sum.Bytes > limits.Bytes {
					t.Errorf("over the limits: tenant %+v, all %+v", mine, sum)
				}
				giveBack(a, n, each, random)
			}
		})
	}
	all.Wait()
	audit := l.Audit()
	require.True(t, audit.Balances(), "%+v", audit)
	require.Zero(t, audit.InFlight)
	require.Zero(t, audit.Bytes)
	for _, a := range l.Accounts() {
		require.True(t, a.Audit().Balances())
		require.Zero(t, a.Audit().InFlight)
		require.Zero(t, a.Audit().Bytes)
	}
}

// giveBack ends n jobs, one by one or settled together, or withdraws them.
func giveBack(a *job.Account, n, each int64, random *rand.Rand) {
	if random.IntN(3) == 0 {
		a.Withdraw(n, n*each)
		return
	}
	lives := make([]job.Life, n)
	var s job.Settlement
	for i := range lives {
		lives[i].Init(a.Lease(each), nil)
		if random.IntN(2) == 0 {
			lives[i].End(job.Cancelled, nil)
		} else if lives[i].Hold() {
			s.Add(&lives[i], job.Done, nil)
		}
	}
	s.Flush()
}

// TestRefusedJobsKeepNobodyOut: jobs that are too large, by any limit, never
// make one that fits be refused.
func TestRefusedJobsKeepNobodyOut(t *testing.T) {
	l := job.NewLedger(job.Limits{Jobs: 8, Bytes: 100, TenantJobs: 8, TenantBytes: 100})
	var small, large sync.WaitGroup
	stop := make(chan struct{})
	for i := range int64(4) {
		large.Go(func() {
			a := l.Account([]string{"a", "b"}[i%2])
			for !closed(stop) {
				if a.Admit(1+i%2*8, 101-i%2*100) == nil {
					t.Error("too large, and admitted")
				}
			}
		})
	}
	for range 2 {
		small.Go(func() {
			a := l.Account("a")
			for range 20000 {
				if err := a.Admit(1, 10); err != nil {
					t.Error(err)
					return
				}
				a.Withdraw(1, 10)
			}
		})
	}
	small.Wait()
	close(stop)
	large.Wait()
	require.Zero(t, l.InFlight())
}

// TestRoomMissesNobody: takers of one place go round until each has had it
// many times. A lost wake-up would leave them waiting for ever.
func TestRoomMissesNobody(t *testing.T) {
	l := job.NewLedger(job.Limits{Jobs: 1})
	a := l.Account("a")
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for range 500 {
				for room := l.Room(); a.Admit(1, 0) != nil; room = l.Room() {
					<-room
				}
				var life job.Life
				life.Init(a.Lease(0), nil)
				life.End(job.Done, nil)
			}
		})
	}
	all.Wait()
	require.Equal(t, int64(3000), l.Audit().Done)
}

func TestRoomOpensWhenSomethingIsGivenBack(t *testing.T) {
	l := job.NewLedger(job.Limits{Jobs: 1})
	a := l.Account("a")
	require.NoError(t, a.Admit(1, 0))
	first, second := l.Room(), l.Room()
	require.Error(t, a.Admit(1, 0))
	require.Error(t, l.Account("b").Admit(1, 0))
	require.False(t, closed(first) || closed(second), "a refused job gives nothing back")
	a.Withdraw(1, 0)
	require.True(t, closed(first) && closed(second))
	require.False(t, closed(l.Room()), "asked anew")
}
