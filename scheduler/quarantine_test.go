package scheduler_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// poison is the alpha of jobs that make their batch fail.
const poison = 666

var errPoisoned = errors.New("boom")

// poisonable is a simulated device that fails every batch with a poisoned job,
// and counts them.
type poisonable struct {
	*sim.Device
	failed atomic.Int64
}

func newPoisonable(err error) *poisonable {
	return newPoisonableWith(sim.Config{Launch: time.Millisecond}, err)
}

func newPoisonableWith(cfg sim.Config, err error) *poisonable {
	p := &poisonable{}
	cfg.Fault = func(b *device.Batch) sim.Fault {
		for _, d := range b.Stages[len(b.Stages)-1].Dispatches {
			for _, run := range d.Matmul.Runs {
				if run.Alpha == poison {
					p.failed.Add(1)
					return sim.Error(err)
				}
			}
		}
		return sim.None()
	}
	p.Device = sim.Open(cfg)
	return p
}

func poisoned(w *scheduler.Operand, tenant string) probe {
	p := newProbe(w, job.Options{Tenant: tenant})
	p.Scale = job.AlphaBeta(poison, 0)
	return p
}

// failTimes has n poisoned jobs of a tenant fail alone.
func failTimes(t *testing.T, s *scheduler.Scheduler, w *scheduler.Operand, tenant string, n int) {
	t.Helper()
	for range n {
		require.ErrorIs(t, s.Do(background, poisoned(w, tenant).Matmul), job.ErrFailed)
	}
}

func requireQuarantined(t *testing.T, err error) *job.QuarantinedError {
	t.Helper()
	var q *job.QuarantinedError
	require.ErrorAs(t, err, &q)
	require.ErrorIs(t, err, job.ErrQuarantined)
	require.ErrorIs(t, err, errPoisoned, "the cause")
	return q
}

func TestWhatKeepsFailingIsQuarantined(t *testing.T) {
	for name, door := range doors {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				d := newPoisonable(errPoisoned)
				s := start(t, scheduler.Config{Device: d})
				w := square(t, s, 4)
				failTimes(t, s, w, "bad", 3)

				batches := d.Batches()
				p := poisoned(w, "bad")
				q := requireQuarantined(t, door(s, background, p.Matmul))
				require.Equal(t, 3, q.Failures)
				require.Equal(t, time.Second, time.Until(q.Until))
				p.untouched(t)
				require.Equal(t, batches, d.Batches(), "it does not reach the device")
				require.EqualValues(t, 1, s.TenantAudit("bad").Rejected)
				requireMetrics(t, s, "jobs_quarantined_total 1", "quarantined_fingerprints 1", `jobs_total{outcome="rejected"} 1`)

				// Nobody else is held responsible, nor other work of the tenant.
				require.NoError(t, door(s, background, newProbe(w, job.Options{Tenant: "good"}).Matmul))
				require.NoError(t, door(s, background, newProbe(square(t, s, 4), job.Options{Tenant: "bad"}).Matmul))

				// After the cool-off one failure is enough, for twice as long.
				time.Sleep(time.Until(q.Until))
				require.ErrorIs(t, door(s, background, p.Matmul), job.ErrFailed)
				q = requireQuarantined(t, door(s, background, p.Matmul))
				require.Equal(t, 4, q.Failures)
				require.Equal(t, 2*time.Second, time.Until(q.Until))

				// A success clears it.
				time.Sleep(time.Until(q.Until))
				requireMetrics(t, s, "quarantined_fingerprints 0")
				require.NoError(t, door(s, background, newProbe(w, job.Options{Tenant: "bad"}).Matmul))
				failTimes(t, s, w, "bad", 3)
				requireQuarantined(t, door(s, background, p.Matmul))
			})
		})
	}
}

func requireMetrics(t *testing.T, s *scheduler.Scheduler, lines ...string) {
	t.Helper()
	var out bytes.Buffer
	s.WritePrometheus(&out)
	for _, line := range lines {
		require.Contains(t, out.String(), "metallic_sched_"+line+"\n")
	}
}

// TestACulpritFailsAloneAndSoonNotAtAll has a poisoned job among 31 others,
// again and again: each time only it fails; and when it is quarantined nothing
// has to be bisected any more.
func TestACulpritFailsAloneAndSoonNotAtAll(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newPoisonable(errPoisoned)
		s := start(t, scheduler.Config{Device: d})
		w := square(t, s, 4)
		for round := range 6 {
			before := d.failed.Load()
			bad := poisoned(w, "bad")
			busy(t, s, w)
			var good []job.Handle
			for range 31 {
				good = append(good, submit(t, s, newProbe(w, job.Options{Tenant: "good"})))
			}
			h, err := s.Submit(background, bad.Matmul)
			for i, h := range good {
				require.NoError(t, h.Wait(background), "neighbour %d in round %d", i, round)
			}
			if round < 3 {
				require.NoError(t, err)
				require.ErrorIs(t, h.Wait(background), job.ErrFailed)
				require.ErrorIs(t, h.Err(), errPoisoned)
				require.EqualValues(t, 6, d.failed.Load()-before, "32, 16, 8, 4, 2 and 1 jobs")
			} else {
				requireQuarantined(t, err)
				require.Equal(t, before, d.failed.Load(), "no batch failed in round %d", round)
			}
			bad.untouched(t)
		}
	})
}

// TestNobodysFault: losses of the device, want of memory and memory that is gone
// are not held against a job.
func TestNobodysFault(t *testing.T) {
	gone := &device.KernelError{Kernel: "gemm", Cause: new(device.MemoryError)}
	for _, cause := range []error{device.ErrLost, device.ErrClosed, device.ErrOutOfMemory, job.ErrHung, gone} {
		bubble(t, func(t *testing.T) {
			s := start(t, scheduler.Config{Device: newPoisonable(fmt.Errorf("sim: %w", cause))})
			w := square(t, s, 4)
			for range 5 {
				require.ErrorIs(t, s.Do(background, poisoned(w, "bad").Matmul), cause)
			}
			require.EqualValues(t, 5, s.Audit().Failed)
			requireMetrics(t, s, "quarantined_fingerprints 0")
		})
	}
}

func TestQuarantineOff(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: newPoisonable(errPoisoned), Quarantine: policy.QuarantineTuning{Failures: -1}})
		failTimes(t, s, square(t, s, 4), "bad", 20)
		requireMetrics(t, s, "jobs_quarantined_total 0", "quarantined_fingerprints 0")
	})
}

func TestAnUpdatedOperandStartsAfresh(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: newPoisonable(errPoisoned)})
		w := square(t, s, 4)
		failTimes(t, s, w, "bad", 3)
		requireQuarantined(t, s.Do(background, poisoned(w, "bad").Matmul))
		require.NoError(t, w.Update(tensor.Matrix(make([]float32, 16), 4, 4)))
		require.NoError(t, s.Do(background, newProbe(w, job.Options{Tenant: "bad"}).Matmul))
		failTimes(t, s, w, "bad", 3)
		w.Release()
		requireMetrics(t, s, "quarantined_fingerprints 0")
	})
}

// TestAQuarantinedJobRefusesItsGroup and is named.
func TestAQuarantinedJobRefusesItsGroup(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := start(t, scheduler.Config{Device: newPoisonable(errPoisoned)})
		w := square(t, s, 4)
		failTimes(t, s, w, "bad", 3)
		good := newProbe(w, job.Options{Tenant: "good"})
		err := s.DoAll(background, []job.Job{good.Matmul, poisoned(w, "bad").Matmul})
		requireQuarantined(t, err)
		require.ErrorContains(t, err, "job 1 of 2")
		good.untouched(t)
		require.EqualValues(t, 1, s.TenantAudit("good").Rejected)
	})
}

// TestAJobThatIsCutFailsOnce however many of its parts fail.
func TestAJobThatIsCutFailsOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newPoisonableWith(sim.Config{Launch: time.Microsecond, QueueDepth: 4}, errPoisoned)
		s := start(t, scheduler.Config{Device: d, MaxColumns: 1})
		w := square(t, s, 4)
		wide := &job.Matmul{
			A: w.View(), B: tensor.Matrix(make([]float32, 16), 4, 4), C: tensor.Matrix(make([]float32, 16), 4, 4),
			Scale: job.AlphaBeta(poison, 0),
		}
		for range 3 {
			require.ErrorIs(t, s.Do(background, wide), job.ErrFailed)
			synctest.Wait()
		}
		require.EqualValues(t, 12, d.failed.Load(), "all parts were on the device when the first failed")
		require.Equal(t, 3, requireQuarantined(t, s.Do(background, wide)).Failures)
	})
}
