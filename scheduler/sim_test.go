package scheduler_test

import (
	"runtime"
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
)

// bubble runs f on a virtual clock.
func bubble(t *testing.T, f func(t *testing.T)) { t.Helper(); scheduler.Bubble(t, f) }

// seconds is a device on which every batch takes a number of seconds.
func seconds(n int) *sim.Device {
	return sim.Open(sim.Config{Launch: time.Duration(n) * time.Second})
}

// clock tells the time since it was made.
type clock struct{ zero time.Time }

func newClock() clock { return clock{time.Now()} }

// is requires that n seconds have passed.
func (c clock) is(t testing.TB, n float64) {
	t.Helper()
	require.Equal(t, time.Duration(n*float64(time.Second)), time.Since(c.zero))
}

func (c clock) after(n float64) time.Time {
	return c.zero.Add(time.Duration(n * float64(time.Second)))
}

// probe is a product over a simulated device, which computes nothing: when it
// is done C holds zeros, before that sevens.
type probe struct {
	*job.Matmul
	c []float32
}

func newProbe(w *scheduler.Operand, o job.Options) probe {
	v := w.View()
	p := probe{c: make([]float32, v.Rows())}
	for i := range p.c {
		p.c[i] = 7
	}
	p.Matmul = &job.Matmul{A: v, B: tensor.Vector(make([]float32, v.Cols())), C: tensor.Vector(p.c), Options: o}
	return p
}

// probes are several, and their jobs.
func probes(w *scheduler.Operand, n int) (ps []probe, jobs []job.Job) {
	for range n {
		p := newProbe(w, job.Options{})
		ps, jobs = append(ps, p), append(jobs, p.Matmul)
	}
	return ps, jobs
}

func (p probe) holds(t testing.TB, want float32) {
	t.Helper()
	for _, x := range p.c {
		require.Equal(t, want, x)
	}
}

func (p probe) untouched(t testing.TB) { t.Helper(); p.holds(t, 7) }
func (p probe) written(t testing.TB)   { t.Helper(); p.holds(t, 0) }

// submit submits a probe that must be accepted.
func submit(t testing.TB, s *scheduler.Scheduler, p probe) job.Handle {
	t.Helper()
	h, err := s.Submit(background, p.Matmul)
	require.NoError(t, err)
	return h
}

// busy gives the device something to do for a batch's time.
func busy(t testing.TB, s *scheduler.Scheduler, w *scheduler.Operand) job.Handle {
	t.Helper()
	h := submit(t, s, newProbe(w, job.Options{Tenant: "busy"}))
	synctest.Wait()
	return h
}

// square loads an n x n matrix of zeros.
func square(t testing.TB, s *scheduler.Scheduler, n int) *scheduler.Operand {
	t.Helper()
	w, err := s.Load(tensor.Matrix(make([]float32, n*n), n, n))
	require.NoError(t, err)
	return w
}

// hanging is a simulated device whose first batch hangs.
func hanging(cfg sim.Config) *sim.Device {
	var asked atomic.Bool
	cfg.Fault = func(*device.Batch) sim.Fault {
		if asked.CompareAndSwap(false, true) {
			return sim.Hang()
		}
		return sim.None()
	}
	return sim.Open(cfg)
}

// hang has a device's first batch hang and returns its job when it does.
func hang(t testing.TB, s *scheduler.Scheduler, d *sim.Device, j job.Job) job.Handle {
	t.Helper()
	h, err := s.Submit(background, j)
	require.NoError(t, err)
	for d.Batches() == 0 {
		runtime.Gosched()
	}
	return h
}
