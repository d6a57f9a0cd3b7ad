package fleet_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// mixed returns products with two operands, by turns, and their results.
func mixed(n int, ws ...*fleet.Operand) (jobs []job.Job, results [][]float32) {
	for i := range n {
		j, y := product(ws[i%len(ws)])
		jobs, results = append(jobs, j), append(results, y)
	}
	return jobs, results
}

// A group whose operands are on two devices is accepted together, runs on both
// and is waited for once.
func TestGroupOnTwoDevices(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, computing(t, sim.Config{}), computing(t, sim.Config{}))
		a, b := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		jobs, results := mixed(10, a, b)
		require.NoError(t, r.DoAll(background, jobs))
		handles, err := r.SubmitAll(background, jobs)
		require.NoError(t, err)
		for i, h := range handles {
			require.NoError(t, h.Wait(background))
			require.EqualValues(t, 64*(i%2+1), results[i][0])
		}
		require.NoError(t, r.DoAll(background, nil))
		each := make([]scheduler.Each, 11)
		for i, j := range jobs {
			each[i].Job = j
		}
		bad, _ := product(a)
		bad.Priority = 9
		each[10].Job = bad
		r.SubmitEach(background, each, nil)
		for _, e := range each[:10] {
			require.NoError(t, e.Err)
			require.NoError(t, e.Handle.Wait(background))
		}
		require.ErrorIs(t, each[10].Err, job.ErrInvalid)
		r.end(t)
		require.Equal(t, [2]int{15, 15}, [2]int{r.diary.jobs("sim:0"), r.diary.jobs("sim:1")})
	})
}

// Limits are those of the fleet: a group over them is refused on all devices, and
// one that waits gets its room when it is there on any.
func TestGroupIsAllOrNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := fleet.Config{Scheduler: scheduler.Config{Limits: job.Limits{Jobs: 6, TenantJobs: 5}}}
		r := open(t, cfg, steady(time.Second, 0), steady(time.Second, 0))
		a, b := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		four, _ := mixed(4, a, b)
		handles, err := r.SubmitAll(background, four)
		require.NoError(t, err)
		require.EqualValues(t, 4, r.Audit().InFlight)
		more, _ := mixed(4, a, b)
		_, err = r.SubmitAll(background, more)
		require.ErrorIs(t, err, job.ErrQueueFull)
		require.EqualValues(t, 4, r.Audit().InFlight, "none of the second four")
		tooMany, _ := mixed(7, a, b)
		require.ErrorIs(t, r.DoAll(background, tooMany), job.ErrInvalid)
		for _, j := range more {
			job.OptionsOf(j).Wait = true
		}
		start := time.Now()
		require.NoError(t, r.DoAll(background, more))
		require.Equal(t, 2*time.Second, time.Since(start))
		for _, h := range handles {
			require.NoError(t, h.Err())
		}
		gone := weight(t, r.Fleet, 64, 2)
		gone.Release()
		last, _ := mixed(2, a, gone)
		require.ErrorIs(t, r.DoAll(background, last), job.ErrReleased)
		r.end(t)
		require.EqualValues(t, 4+7+2, r.Audit().Rejected)
	})
}

// A burst that is handed over at once counts as it is placed: it does not all go
// home when two devices have the operand.
func TestBurstIsSpread(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, steady(time.Millisecond, time.Millisecond), steady(time.Millisecond, time.Millisecond))
		w := weight(t, r.Fleet, 64, 1)
		crowd(t, r, w, 64, time.Second)
		require.Contains(t, r.diary.told(), "sim:1 load 1")
		synctest.Wait() // a caller is told before its job no longer counts: else some 30 would, on one of the two
		before := r.diary.jobs("sim:1")
		jobs, _ := mixed(200, w)
		require.NoError(t, r.DoAll(background, jobs))
		r.end(t)
		require.InDelta(t, 100, r.diary.jobs("sim:1")-before, 20)
	})
}

// Close finishes what both devices were given; cancelled jobs are answered at
// once wherever they are.
func TestCloseAndCancel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		cfg := fleet.Config{Scheduler: scheduler.Config{NoBatching: true}}
		r := open(t, cfg, steady(time.Second, 0), steady(time.Second, 0))
		a, b := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2)
		jobs, _ := mixed(8, a, b)
		handles, err := r.SubmitAll(background, jobs)
		require.NoError(t, err)
		handles[7].Cancel()
		require.ErrorIs(t, handles[7].Err(), job.ErrCancelled)
		ctx, stop := context.WithCancel(background)
		j, _ := product(b)
		h, err := r.Submit(ctx, j)
		require.NoError(t, err)
		stop()
		synctest.Wait()
		require.ErrorIs(t, h.Err(), job.ErrCancelled)
		start := time.Now()
		r.end(t)
		require.Equal(t, 4*time.Second, time.Since(start))
		for _, h := range handles[:7] {
			require.NoError(t, h.Err())
			o, _ := h.Outcome()
			require.Equal(t, job.Done, o)
		}
		require.ErrorIs(t, r.Do(background, j), job.ErrClosed)
		_, err = r.Load(filled(4, 1))
		require.ErrorIs(t, err, job.ErrClosed)
		require.NoError(t, r.Close(background))
	})
}

// What is wrong with a job is told as by a scheduler, and counted once.
func TestJobsThatAreWrong(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{}, steady(0, 0), steady(0, 0))
		other := open(t, fleet.Config{}, steady(0, 0))
		foreign, _ := product(weight(t, other.Fleet, 64, 1))
		mine, _ := product(weight(t, r.Fleet, 64, 1))
		x := tensor.Vector([]float32{1})
		var none context.Context
		for i, err := range []error{
			r.Do(background, nil), r.Do(background, (*job.Matmul)(nil)), r.Do(background, &job.Matmul{A: x}),
			r.Do(background, foreign), r.Do(none, mine),
			r.DoAll(background, []job.Job{mine, nil}),
		} {
			require.ErrorIs(t, err, job.ErrInvalid, "%d", i)
		}
		require.EqualValues(t, 7, r.Audit().Rejected)
		plan, orientation, err := r.Explain(mine)
		require.NoError(t, err)
		require.NotEmpty(t, orientation)
		require.NotEmpty(t, plan.Rules)
		_, _, err = r.Explain(nil)
		require.ErrorIs(t, err, job.ErrInvalid)
		_, err = r.LoadOperand(tensor.View{})
		require.ErrorIs(t, err, job.ErrInvalid)
		other.end(t)
		r.end(t)
	})
}

// A group whose operands cannot lie side by side is refused at once, and for good;
// the same jobs one by one are not. One whose operands fit on several devices goes
// there, wherever jobs with these went before.
func TestGroupMustFitSideBySide(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := open(t, fleet.Config{OperandBytes: matrix, HostBytes: 3 * matrix}, steady(time.Millisecond, 0), steady(time.Millisecond, 0))
		a, b, c := weight(t, r.Fleet, 64, 1), weight(t, r.Fleet, 64, 2), weight(t, r.Fleet, 64, 3)
		time.Sleep(time.Second)
		three, _ := mixed(6, a, b, c)
		for range 2 {
			start := time.Now()
			_, err := r.SubmitAll(background, three)
			require.Zero(t, time.Since(start))
			require.ErrorIs(t, err, device.ErrOutOfMemory)
			require.ErrorContains(t, err, "job 2 of 6")
			require.ErrorIs(t, err, job.ErrTooLarge)
			var wrong *job.InvalidError
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, "operands", wrong.Field)
			require.Equal(t, "16384 bytes beside 32768 bytes for the jobs before it", wrong.Got)
			require.Contains(t, wrong.Allowed, "16384 bytes")
			_, again := job.Retryable(err)
			require.False(t, again)
		}
		each := eachOf(a, b, c, a)
		r.SubmitEach(background, each, nil)
		for _, e := range each {
			require.NoError(t, e.Err)
			require.NoError(t, e.Handle.Wait(background))
		}
		for _, two := range [][]*fleet.Operand{{a, b}, {b, c}, {c, a}} { // two of them had one home
			time.Sleep(time.Second)
			jobs, _ := mixed(6, two...)
			require.NoError(t, r.DoAll(background, jobs))
		}
		r.end(t)
	})
}
