package scheduler_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// dishonest is a device whose products of several jobs are off by one.
type dishonest struct{ device.Device }

func (d dishonest) NewQueue() (device.Queue, error) {
	q, err := d.Device.NewQueue()
	return dishonestQueue{q}, err
}

type dishonestQueue struct{ device.Queue }

func (q dishonestQueue) Commit(b *device.Batch) {
	ours := *b
	ours.Done = func(_ *device.Batch, t device.Timing, err error) {
		for _, d := range b.Stages[len(b.Stages)-1].Dispatches {
			if mm := d.Matmul; mm != nil && len(mm.Runs) > 1 {
				c := mm.C.View
				each(c, func(z, i, j int) { c.SetValue(z, i, j, c.Value(z, i, j)+1) })
			}
		}
		b.Done(b, t, err)
	}
	q.Queue.Commit(&ours)
}

// requireChecks compares the counters of comparisons.
func requireChecks(t *testing.T, s *scheduler.Scheduler, matched, mismatched, unchecked int) {
	t.Helper()
	requireMetrics(t, s, fmt.Sprintf(`invariance_checks_total{result="match"} %d`, matched),
		fmt.Sprintf(`invariance_checks_total{result="mismatch"} %d`, mismatched),
		fmt.Sprintf(`invariance_checks_total{result="unchecked"} %d`, unchecked))
}

func TestAMismatchIsFound(t *testing.T) {
	var log bytes.Buffer
	cfg := scheduler.Config{Device: dishonest{openCPU(t)}, SampleInvariance: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	f := record(&cfg)
	s := start(t, cfg)
	w := loadShared(t, s)[0]
	m := newMaker(5)
	var checks []*check
	var jobs []job.Job
	for range 16 {
		c := m.matmul(w, 1)
		checks, jobs = append(checks, c), append(jobs, c.job)
	}
	require.NoError(t, s.DoAll(background, jobs))
	for _, c := range checks {
		require.Error(t, c.computed(), "the caller has the batch's result")
		for i := range c.want {
			c.want[i]++
		}
		require.NoError(t, c.computed(), "the caller has the batch's result")
	}
	require.NoError(t, s.Do(background, m.matmul(w, 1).job), "alone: nothing to compare with")
	decisions := f.decisions(t, s)
	n := 0
	for _, d := range decisions {
		if d.Check != "" {
			require.Equal(t, []any{"mismatch", "check", "done", 1}, []any{d.Check, d.CloseReason, d.Outcome, d.Jobs})
			n++
		}
	}
	require.GreaterOrEqual(t, n, 2, "as many as were batched")
	requireChecks(t, s, 0, n, 0)
	require.Equal(t, n, strings.Count(log.String(), "level=ERROR msg=\"bits of a result depend on its batch\""), "%s", &log)
	require.EqualValues(t, 17, s.Audit().Done)
}

// TestNoMismatchOnTheCPU samples every job of a random mix.
func TestNoMismatchOnTheCPU(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t), SampleInvariance: 1})
	shared := loadShared(t, s)
	m := newMaker(6)
	for range 4 {
		var checks []*check
		var jobs []job.Job
		for range 100 {
			c := m.any(shared)
			checks, jobs = append(checks, c), append(jobs, c.job)
		}
		require.NoError(t, s.DoAll(background, jobs))
		for _, c := range checks {
			require.NoError(t, c.computed())
		}
	}
	require.NoError(t, s.Close(background)) // all is counted then
	var out bytes.Buffer
	s.WritePrometheus(&out)
	require.Contains(t, out.String(), `invariance_checks_total{result="mismatch"} 0`)
	require.NotContains(t, out.String(), `invariance_checks_total{result="match"} 0`)
	require.Contains(t, out.String(), `invariance_checks_total{result="unchecked"} 0`)
}

// TestTheFractionIsSampled: which jobs are, follows from the seed alone.
func TestTheFractionIsSampled(t *testing.T) {
	for _, fraction := range []float64{0, 0.25, 1} {
		bubble(t, func(t *testing.T) {
			const n = 400
			s := start(t, scheduler.Config{Device: seconds(1), SampleInvariance: fraction, SampleSeed: 3})
			w := square(t, s, 4)
			require.NoError(t, s.DoAll(background, group(w, job.Options{}, make([]string, n)...)))
			sampler, want := policy.NewSampler(fraction, 3), 0
			for i := range uint64(n) {
				if sampler.Takes(i + 1) {
					want++
				}
			}
			synctest.Wait() // callers are told before the books are closed
			requireChecks(t, s, want, 0, 0)
		})
	}
}

// onlyBatches is a device that computes only what stands in a batch of several
// jobs; what runs alone fails.
func onlyBatches() *sim.Device {
	return sim.Open(sim.Config{Launch: time.Second, Fault: func(b *device.Batch) sim.Fault {
		if len(b.Stages[len(b.Stages)-1].Dispatches[0].Matmul.Runs) == 1 {
			return sim.Error(errors.New("boom"))
		}
		return sim.None()
	}})
}

// TestAFailedCheckFailsNoJob: the result was there before.
func TestAFailedCheckFailsNoJob(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: onlyBatches(), SampleInvariance: 1})
		w := square(t, s, 4)
		ps, jobs := probes(w, 5)
		require.NoError(t, s.DoAll(background, jobs))
		for _, p := range ps {
			p.written(t)
		}
		synctest.Wait()
		requireChecks(t, s, 0, 0, len(ps))
		require.EqualValues(t, len(ps), s.Audit().Done)
		requireMetrics(t, s, "quarantined_fingerprints 0")
	})
}

// TestJobsThatEndWhileTheyAreChecked: five jobs run in the first second, then
// each again for a second, the last one first.
func TestJobsThatEndWhileTheyAreChecked(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: seconds(1), SampleInvariance: 1})
		w := square(t, s, 4)
		require.NoError(t, s.Do(background, newProbe(w, job.Options{}).Matmul), "the kernel of one column is there")
		now := newClock()
		ps, jobs := probes(w, 5)
		ps[0].Deadline = now.after(5.5) // while it runs again
		hs, err := s.SubmitAll(background, jobs)
		require.NoError(t, err)
		time.Sleep(1500 * time.Millisecond)
		hs[4].Cancel() // while it runs again
		hs[2].Cancel() // before it does
		require.ErrorIs(t, hs[4].Err(), job.ErrCancelled)
		require.ErrorIs(t, hs[2].Err(), job.ErrCancelled)
		require.NoError(t, hs[3].Wait(background))
		now.is(t, 3)
		require.NoError(t, hs[1].Wait(background))
		now.is(t, 4)
		require.NoError(t, hs[0].Wait(background))
		now.is(t, 5)
		for i, p := range ps {
			if i%2 == 0 && i > 0 {
				p.untouched(t)
			} else {
				p.written(t)
			}
		}
		synctest.Wait()
		requireChecks(t, s, 3, 0, 1)
		require.EqualValues(t, 4, s.Audit().Done)
		require.EqualValues(t, 2, s.Audit().Cancelled)
	})
}

// TestCloseWhileJobsAreChecked ends them once, whatever the context allows.
func TestCloseWhileJobsAreChecked(t *testing.T) {
	for _, seconds := range []float64{0, 1.5, 2.5, 10} {
		bubble(t, func(t *testing.T) {
			s, err := scheduler.Open(background, scheduler.Config{Device: sim.Open(sim.Config{Launch: time.Second}), SampleInvariance: 1})
			require.NoError(t, err)
			hs, err := s.SubmitAll(background, group(square(t, s, 4), job.Options{}, "a", "b", "c"))
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(background, time.Duration(seconds*float64(time.Second)))
			defer cancel()
			err = s.Close(ctx)
			require.Equal(t, seconds == 10, err == nil, "%v", err)
			for _, h := range hs {
				o, ended := h.Outcome()
				require.True(t, ended)
				require.True(t, o == job.Done || errors.Is(h.Err(), job.ErrClosed), "%v %v", o, h.Err())
			}
			audit := s.Audit()
			require.True(t, audit.Balances(), "%+v", audit)
			require.Zero(t, audit.InFlight)
		})
	}
}

// TestCloseWhileAChecksKernelIsCompiled: a job that is to run again alone, by a kernel
// that is not there yet, has the result of its first run when nobody waits for the
// second any more. What the compiler does then is no business of who looks.
func TestCloseWhileAChecksKernelIsCompiled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := seconds(1)
		compiling := make(chan struct{})
		s := openSim(t, scheduler.Config{Device: slowCompiler{d, compiling}, SampleInvariance: 1})
		w := square(t, s, 4)
		ps, jobs := probes(w, 5)
		hs, err := s.SubmitAll(background, jobs)
		require.NoError(t, err)
		<-compiling
		go func() { // when Close looks at what is left, too
			time.Sleep(time.Second)
			compiling <- struct{}{}
		}()
		require.ErrorIs(t, closeIn(s, time.Second), context.DeadlineExceeded)
		for i, h := range hs {
			if err := h.Wait(background); err != nil { // the kernel was there just before
				require.ErrorIs(t, err, job.ErrClosed)
				continue
			}
			ps[i].written(t)
		}
	})
}

// slowCompiler tells when it compiles a second kernel, and waits until it is told to end.
type slowCompiler struct {
	device.Device
	second chan struct{}
}

func (c slowCompiler) Compile(k kernels.Key) (device.Pipeline, error) {
	if k.Kernel == "matmul_smalln_n1" {
		c.second <- struct{}{}
		<-c.second
	}
	return c.Device.Compile(k)
}
