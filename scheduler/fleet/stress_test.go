package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/fleet"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// eager copies operands and moves jobs at the slightest wait.
var eager = &policy.PlaceTuning{Stay: 0, Spill: 0.01, MinSpill: 1}

// shaky is a device that computes, fails a batch now and then, and is lost after
// a while; another such takes its place.
func shaky(t testing.TB) *sim.Device {
	var batches atomic.Int64
	last := int64(200 + rand.IntN(400))
	return computing(t, sim.Config{Fault: func(*device.Batch) sim.Fault {
		switch n := batches.Add(1); {
		case n == last:
			return sim.Lost()
		case n%97 == 0:
			return sim.Error(errors.New("injected"))
		}
		return sim.None()
	}})
}

// TestStress has many goroutines submit through every door to two devices that
// fail, are lost and come back, with operands that come and go and do not all
// fit. Every job ends once, with the right result or with C as it was; at the
// end nothing is left.
func TestStress(t *testing.T) {
	cfg := fleet.Config{
		OperandBytes: 4 * stressSize * stressSize * 4, HostBytes: 1 << 20, Place: eager,
		Scheduler: scheduler.Config{MaxColumns: 32, InPlaceBytes: -1, Limits: job.Limits{Jobs: 300}},
	}
	for _, name := range []string{"a", "b"} {
		first := shaky(t)
		t.Cleanup(func() { require.NoError(t, first.Close()) })
		cfg.Devices = append(cfg.Devices, fleet.Device{
			Name: name, Device: first, Reopen: func() (device.Device, error) { return shaky(t), nil },
		})
	}
	s := newStress(t, cfg)
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() { s.caller(uint64(g), 600/slowdown) })
	}
	for range 2 {
		all.Go(s.churn)
	}
	all.Wait()
	require.NoError(t, s.Close(background))
	a := s.Audit()
	t.Logf("%+v; restarts %v and %v, loads %v and %v, evictions %v and %v", a,
		s.shown(`device_restarts_total{device="a"}`), s.shown(`device_restarts_total{device="b"}`),
		s.shown(`operand_loads_total{device="a"}`), s.shown(`operand_loads_total{device="b"}`),
		s.shown(`operand_evictions_total{device="a"}`), s.shown(`operand_evictions_total{device="b"}`))
	require.True(t, a.Balances() && a.InFlight == 0 && a.Bytes == 0, "%+v", a)
	require.Equal(t, s.done.Load(), a.Done)
	require.Equal(t, s.failed.Load(), a.Failed)
	require.Equal(t, s.others.Load(), a.Cancelled+a.Expired+a.Rejected)
	require.Greater(t, a.Done, a.Submitted/2)
	require.NotZero(t, s.shown(`operand_evictions_total{device="a"}`)+s.shown(`operand_evictions_total{device="b"}`))
}

const stressSize = 8

type stress struct {
	*rig
	t                    testing.TB
	weights              []*fleet.Operand // weight i is all i+1
	done, failed, others atomic.Int64
}

func newStress(t testing.TB, cfg fleet.Config) *stress {
	s := &stress{rig: &rig{}, t: t}
	f, err := fleet.Open(background, cfg)
	require.NoError(t, err)
	s.Fleet = f
	for i := range 7 {
		w, err := f.Load(filled(stressSize, float32(i+1)))
		require.NoError(t, err)
		s.weights = append(s.weights, w)
	}
	return s
}

func (s *stress) shown(name string) float64 { return s.metrics()[name] }

// churn loads, updates and releases an operand of its own all the time.
func (s *stress) churn() {
	for range 100 / slowdown {
		w, err := s.Load(filled(stressSize, 1))
		if err != nil { // no memory, or the device is being lost
			continue
		}
		_ = w.Update(filled(stressSize, 3))
		w.Release()
	}
}

// caller submits jobs and checks what becomes of each.
func (s *stress) caller(seed uint64, jobs int) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range jobs {
		k, n := r.IntN(len(s.weights)), 1+r.IntN(2)
		var list []job.Job
		var results [][]float32
		for range n {
			j, y := product(s.weights[k])
			j.Options = job.Options{Tenant: fmt.Sprint(r.IntN(3)), Priority: job.Priority(r.IntN(3) - 1), Wait: r.IntN(4) == 0}
			list, results = append(list, j), append(results, y)
			k = (k + 1) % len(s.weights)
		}
		ctx, stop := background, context.CancelFunc(func() {})
		if r.IntN(10) == 0 {
			ctx, stop = context.WithTimeout(ctx, time.Duration(r.IntN(500))*time.Microsecond)
		}
		s.count(list, results, s.submit(ctx, r, list))
		stop()
	}
}

// submit uses the different doors in turn and returns each job's error; all of
// a refused group have the same.
func (s *stress) submit(ctx context.Context, r *rand.Rand, list []job.Job) []error {
	errs := make([]error, len(list))
	switch r.IntN(3) {
	case 0:
		for i, j := range list {
			errs[i] = s.Do(ctx, j)
		}
	case 1:
		handles, err := s.SubmitAll(ctx, list)
		for i := range list {
			if errs[i] = err; err == nil {
				errs[i] = handles[i].Wait(background)
			} else {
				errs[i] = refused{err}
			}
		}
	case 2:
		each := make([]scheduler.Each, len(list))
		for i, j := range list {
			each[i].Job = j
		}
		s.SubmitEach(ctx, each, nil)
		for i := range each {
			if errs[i] = each[i].Err; errs[i] == nil {
				errs[i] = each[i].Handle.Wait(background)
			} else {
				errs[i] = refused{errs[i]}
			}
		}
	}
	return errs
}

type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// count checks the results and counts how the jobs ended.
func (s *stress) count(list []job.Job, results [][]float32, errs []error) {
	for i, err := range errs {
		want := float32(0)
		var no refused
		switch {
		case err == nil:
			s.done.Add(1)
			want = s.valueOf(list[i])
		case errors.As(err, &no), errors.Is(err, job.ErrQueueFull), errors.Is(err, job.ErrExpired), errors.Is(err, job.ErrCancelled),
			errors.Is(err, device.ErrOutOfMemory) && !errors.Is(err, job.ErrFailed):
			s.others.Add(1)
		case errors.Is(err, job.ErrFailed) || errors.Is(err, job.ErrHung):
			s.failed.Add(1)
		default: // refused because the operand could not be loaded
			s.others.Add(1)
		}
		for _, y := range results[i] {
			if y != want {
				s.t.Errorf("%v: got %v, want %v", err, y, want)
				return
			}
		}
	}
}

// valueOf returns what the elements of a job's result are.
func (s *stress) valueOf(j job.Job) float32 {
	a := &j.(*job.Matmul).A
	for i, w := range s.weights {
		if v := w.View(); a.Resident() == v.Resident() {
			return float32(stressSize * (i + 1))
		}
	}
	return -1
}
