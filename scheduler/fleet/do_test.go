package fleet_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// eachOf returns a product with each operand, for SubmitEach.
func eachOf(ws ...*fleet.Operand) (each []scheduler.Each) {
	jobs, _ := mixed(len(ws), ws...)
	for _, j := range jobs {
		each = append(each, scheduler.Each{Job: j})
	}
	return each
}

// Jobs of one call whose operands do not fit side by side take turns: what the
// first has of the memory is given back when it ends, for which it must run.
func TestSubmitEachTakesTurns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{OperandBytes: matrix, HostBytes: 3 * matrix}, steady(time.Second, 0))
		a, b, c := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2), weight(t, r.Fleet, 64, 3)
		time.Sleep(time.Second)
		each := eachOf(a, b, c, c, a)
		start := time.Now()
		r.SubmitEach(background, each, nil)
		for i, e := range each {
			require.NoError(t, e.Err, "job %d", i)
			require.NoError(t, e.Handle.Wait(background))
		}
		require.InDelta(t, 4, time.Since(start).Seconds(), 0.1, "four batches")
		r.end(t)
	})
}

// While a job waits for room those before it in the call run, whatever device
// they are on.
func TestSubmitEachRunsWhatComesBefore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := fleet.Config{Scheduler: scheduler.Config{Limits: job.Limits{TenantJobs: 1}}}
		cfg.OperandBytes = matrix // no second copy that the third could run on
		r := open(t, cfg, steady(time.Minute, 0), steady(time.Second, 0))
		a, b := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		each := eachOf(a, b, a)
		for _, e := range []scheduler.Each{each[0], each[2]} {
			o := job.OptionsOf(e.Job)
			o.Tenant, o.Wait = "busy", true
		}
		start := time.Now()
		var call sync.WaitGroup
		call.Go(func() { r.SubmitEach(background, each, nil) })
		time.Sleep(2 * time.Second)
		require.Equal(t, 1, r.diary.jobs("sim:1"))
		require.EqualValues(t, 1, r.TenantAudit("busy").InFlight, "the third waits for the first")
		call.Wait()
		for i, e := range each {
			require.NoError(t, e.Err, "job %d", i)
			require.NoError(t, e.Handle.Wait(background))
		}
		require.InDelta(t, 120, time.Since(start).Seconds(), 0.1)
		r.end(t)
	})
}
