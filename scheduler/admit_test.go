package scheduler_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// A probe against a 4x4 weight takes 32 bytes: B and C, not the weight.
const probeBytes = 32

func TestEveryLimitRefuses(t *testing.T) {
	for limit, limits := range map[string]job.Limits{
		"jobs":                {Jobs: 2},
		"bytes":               {Bytes: 2 * probeBytes},
		"jobs of the tenant":  {TenantJobs: 2},
		"bytes of the tenant": {TenantBytes: 2*probeBytes + 1},
	} {
		t.Run(limit, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := start(t, scheduler.Config{Device: seconds(1), Limits: limits})
				w := square(t, s, 4)
				mine := job.Options{Tenant: "me"}
				first := submit(t, s, newProbe(w, mine))
				submit(t, s, newProbe(w, mine))
				for _, door := range doors {
					p := newProbe(w, mine)
					err := door(s, background, p.Matmul)
					var full *job.QueueFullError
					require.ErrorAs(t, err, &full)
					require.ErrorIs(t, err, job.ErrQueueFull)
					require.Equal(t, limit, full.Limit)
					require.Equal(t, "me", full.Tenant)
					require.Positive(t, full.InUse)
					require.GreaterOrEqual(t, full.Max, full.InUse)
					p.untouched(t)
				}
				require.EqualValues(t, len(doors), s.TenantAudit("me").Rejected)
				if limits.TenantJobs+limits.TenantBytes > 0 { // others have room
					submit(t, s, newProbe(w, job.Options{Tenant: "other"}))
				}
				require.NoError(t, first.Wait(background))
				require.NoError(t, s.Do(background, newProbe(w, mine).Matmul), "there is room again")
			})
		})
	}
}

func TestWaitForRoom(t *testing.T) {
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := start(t, scheduler.Config{Device: seconds(10), Limits: job.Limits{Jobs: 1}})
				w, now := square(t, s, 4), newClock()
				submit(t, s, newProbe(w, job.Options{}))
				p := newProbe(w, job.Options{Wait: true})
				require.NoError(t, door(s, background, p.Matmul))
				now.is(t, 20)
				p.written(t)
			})
		})
	}
}

func TestWaitForRoomInVain(t *testing.T) {
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := start(t, scheduler.Config{Device: seconds(10), Limits: job.Limits{Jobs: 1}})
				w, now := square(t, s, 4), newClock()
				submit(t, s, newProbe(w, job.Options{}))
				p := newProbe(w, job.Options{Wait: true})

				ctx, cancel := context.WithTimeout(background, 2*time.Second)
				defer cancel()
				require.ErrorIs(t, door(s, ctx, p.Matmul), job.ErrExpired)
				now.is(t, 2)

				ctx, cancel = context.WithCancel(background)
				time.AfterFunc(time.Second, cancel)
				require.ErrorIs(t, door(s, ctx, p.Matmul), job.ErrCancelled)
				now.is(t, 3)

				p.Deadline = now.after(5)
				require.ErrorIs(t, door(s, background, p.Matmul), job.ErrExpired, "the job's own deadline")
				now.is(t, 5)

				p.Deadline = time.Time{}
				closed := make(chan error)
				time.AfterFunc(time.Second, func() { closed <- s.Close(background) })
				require.ErrorIs(t, door(s, background, p.Matmul), job.ErrClosed)
				now.is(t, 6) // not when Close has finished
				require.NoError(t, <-closed)
				p.untouched(t)
				require.EqualValues(t, 4, s.Audit().Rejected)
			})
		})
	}
}

// group returns a probe for each tenant named.
func group(w *scheduler.Operand, o job.Options, tenants ...string) (jobs []job.Job) {
	for _, name := range tenants {
		o.Tenant = name
		jobs = append(jobs, newProbe(w, o).Matmul)
	}
	return jobs
}

func TestTooLargeEver(t *testing.T) {
	limits := job.Limits{Jobs: 4, Bytes: 3 * probeBytes, TenantJobs: 2}
	s := start(t, scheduler.Config{Device: sim.Open(sim.Config{}), Limits: limits})
	w := square(t, s, 4)
	wide := &job.Matmul{A: w.View(), B: tensor.Matrix(make([]float32, 80), 4, 20), C: tensor.Matrix(make([]float32, 80), 4, 20)}
	wide.Wait = true // it would wait for ever
	for name, door := range doors {
		refusedJob(t, door(s, background, wide), name, "size")
	}
	for name, jobs := range map[string][]job.Job{
		"bytes in all":       group(w, job.Options{Wait: true}, "a", "a", "b", "c"),
		"jobs of one tenant": group(w, job.Options{Wait: true}, "a", "a", "a"),
		"in several runs":    group(w, job.Options{Wait: true}, "a", "b", "a", "b", "a"),
	} {
		refusedJob(t, s.DoAll(background, jobs), name, "size")
		_, err := s.SubmitAll(background, jobs)
		refusedJob(t, err, name, "size")
	}
	require.Zero(t, s.Audit().InFlight)
}

// The sizes of these jobs add up to more than an int64 holds. What is admitted of
// them is given back, to the byte.
func TestGroupSizesDoNotOverflow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: seconds(1), Limits: job.Limits{Bytes: math.MaxInt64}})
		one := tensor.Vector([]float32{1})
		huge := &job.Matmul{
			A: one.Strided(tensor.Dims{1, 1, 1 << 61}, tensor.Dims{}, 0),
			B: one.Strided(tensor.Dims{1, 1 << 61, 1}, tensor.Dims{}, 0),
			C: tensor.Vector([]float32{1}),
		}
		for _, tenants := range [][]string{{"", "", "", "", ""}, {"a", "b", "a", "b"}} {
			var jobs []job.Job
			for _, tenant := range tenants {
				j := *huge
				j.Tenant = tenant
				jobs = append(jobs, &j)
			}
			refusedJob(t, s.DoAll(background, jobs), "group", "size")
			require.Zero(t, s.Audit().Bytes)
		}
		require.NoError(t, s.DoAll(background, []job.Job{huge, huge}))
		require.Zero(t, s.Audit().Bytes)

		first, second := submit(t, s, probe{Matmul: huge}), submit(t, s, probe{Matmul: huge})
		_, err := s.Submit(background, huge)
		require.ErrorIs(t, err, job.ErrQueueFull, "a third is more than is counted")
		require.NoError(t, s.Do(background, newProbe(square(t, s, 4), job.Options{}).Matmul), "there is room")
		require.NoError(t, errors.Join(first.Wait(background), second.Wait(background)))
		require.Zero(t, s.Audit().Bytes)
	})
}

func TestAGroupIsAdmittedWholeOrNotAtAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := seconds(10)
		s := start(t, scheduler.Config{Device: d, Limits: job.Limits{TenantJobs: 2}})
		w := square(t, s, 4)
		first := submit(t, s, newProbe(w, job.Options{Tenant: "b"}))
		synctest.Wait()
		inUse := d.BytesInUse()

		jobs := group(w, job.Options{}, "a", "a", "b", "b", "c") // b has room for one
		require.ErrorIs(t, s.DoAll(background, jobs), job.ErrQueueFull)
		_, err := s.SubmitAll(background, jobs)
		require.ErrorIs(t, err, job.ErrQueueFull)
		for tenant, n := range map[string]int64{"a": 4, "b": 4, "c": 2} {
			require.EqualValues(t, n, s.TenantAudit(tenant).Rejected)
			require.True(t, s.TenantAudit(tenant).Balances())
		}
		require.Zero(t, s.TenantAudit("a").InFlight)
		require.Zero(t, s.TenantAudit("a").Bytes)
		require.EqualValues(t, 1, s.Audit().InFlight)

		// One bad job refuses the group, and is named.
		jobs[3].(*job.Matmul).B = tensor.View{}
		err = s.DoAll(background, jobs[:4])
		refusedJob(t, err, "group", "B")
		require.ErrorContains(t, err, "job 3 of 4")

		// Nothing refused holds on to the operand.
		w.Release()
		require.Equal(t, inUse, d.BytesInUse(), "the job that runs needs it")
		require.NoError(t, first.Wait(background))
		synctest.Wait()
		require.Less(t, d.BytesInUse(), inUse)
	})
}

func TestGroupsWaitForRoom(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: seconds(10), Limits: job.Limits{TenantJobs: 1}})
		w, now := square(t, s, 4), newClock()
		submit(t, s, newProbe(w, job.Options{Tenant: "a"}))
		// Each of the first two needs what the other would take first.
		var all sync.WaitGroup
		for _, tenants := range [][]string{{"b", "a"}, {"a", "b"}, {"b"}, {"c"}} {
			all.Go(func() {
				if err := s.DoAll(background, group(w, job.Options{Wait: true}, tenants...)); err != nil {
					t.Errorf("%v: %v", tenants, err)
				}
			})
		}
		all.Wait()
		require.LessOrEqual(t, time.Since(now.zero), 60*time.Second)
		require.EqualValues(t, 7, s.Audit().Done)
	})
}

func TestAGroupWaitsOnlyIfAllItsJobsWould(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: seconds(10), Limits: job.Limits{Jobs: 2}})
		w, now := square(t, s, 4), newClock()
		submit(t, s, newProbe(w, job.Options{}))
		jobs := group(w, job.Options{Wait: true}, "a", "b")
		jobs[1].(*job.Matmul).Wait = false
		require.ErrorIs(t, s.DoAll(background, jobs), job.ErrQueueFull)
		now.is(t, 0)

		jobs[1].(*job.Matmul).Wait = true
		jobs[1].(*job.Matmul).Deadline = now.after(3)
		require.ErrorIs(t, s.DoAll(background, jobs), job.ErrExpired)
		now.is(t, 3)
		require.EqualValues(t, 1, s.Audit().InFlight, "what the group had is given back")
	})
}

// TestCrowd has many callers fight for little room, in every way.
func TestCrowd(t *testing.T) {
	s := start(t, scheduler.Config{Device: sim.Open(sim.Config{}), Limits: job.Limits{Jobs: 5, TenantJobs: 3}})
	w := square(t, s, 4)
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() {
			for i := range 100 {
				o := job.Options{Wait: g%2 == 0}
				jobs := group(w, o, []string{"a", "b", "c"}[i%3], []string{"c", "a"}[g%2], "b")
				if err := s.DoAll(background, jobs); err != nil && (o.Wait || !errors.Is(err, job.ErrQueueFull)) {
					t.Errorf("caller %d: %v", g, err)
				}
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 16*100*3, s.Audit().Submitted)
	require.GreaterOrEqual(t, s.Audit().Done, int64(8*100*3))
}
