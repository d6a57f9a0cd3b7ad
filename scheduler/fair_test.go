package scheduler_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// gated is a device that begins when the gate is opened.
type gated struct {
	device.Device
	gate chan struct{}
}

type gatedQueue struct {
	device.Queue
	gate chan struct{}
}

func (d gated) NewQueue() (device.Queue, error) {
	q, err := d.Device.NewQueue()
	return gatedQueue{q, d.gate}, err
}

func (q gatedQueue) Commit(b *device.Batch) {
	<-q.gate
	q.Queue.Commit(b)
}

// TestShareOfDeviceTimeInAFlood: on a device that computes, one tenant submits
// a hundred times what each of four others does, before them. While they all
// have work waiting each gets at least 90 % of its fair share of device time:
// of batches that they share, and of the time when each has an operand of its
// own, which takes more or less long. At any one moment it may be short by what
// the others had of one batch.
func TestShareOfDeviceTimeInAFlood(t *testing.T) {
	t.Run("one operand", func(t *testing.T) {
		flood(t, scheduler.Config{MaxColumns: 8}, 400, 1, [5]int{64, 64, 64, 64, 64})
	})
	t.Run("weights", func(t *testing.T) {
		flood(t, scheduler.Config{MaxColumns: 8, Weights: map[string]float64{"flood": 2}}, 400, 2, [5]int{64, 64, 64, 64, 64})
	})
	t.Run("operands of their own", func(t *testing.T) {
		flood(t, scheduler.Config{MaxColumns: 1}, 160, 1, [5]int{256, 320, 384, 448, 320})
	})
}

// shares is a recorder that looks at what device time each tenant has got when the
// first of some has had so many jobs done: at once, as the others go on.
type shares struct {
	longestBatch
	of      *scheduler.Scheduler
	tenants []string // those that are counted come after the first
	jobs    int
	done    map[string]int
	used    map[string]time.Duration
	waiting map[string]int64
	seen    chan struct{} // closed when it has looked
}

func (s *shares) Record(d *metrics.Decision) {
	s.longestBatch.Record(d)
	for _, tenant := range d.Tenants {
		s.done[tenant.Name] += tenant.Jobs
	}
	enough := func(tenant string) bool { return s.done[tenant] >= s.jobs }
	if len(s.used) > 0 || !slices.ContainsFunc(s.tenants[1:], enough) {
		return
	}
	for _, tenant := range s.tenants {
		s.used[tenant] = s.of.DeviceTime(tenant)
		s.waiting[tenant] = s.of.TenantAudit(tenant).InFlight
	}
	close(s.seen)
}

// flood submits everything, lets the device begin and, while all have work
// waiting, compares what device time each has got. The last of the operands is
// that of the flood, whose weight is given; equal ones are one.
func flood(t *testing.T, cfg scheduler.Config, each int, weight float64, rows [5]int) {
	const others = 4
	d := gated{openCPU(t), make(chan struct{})}
	seen := &shares{
		tenants: []string{"flood"}, jobs: each * 3 / 4, done: map[string]int{},
		used: map[string]time.Duration{}, waiting: map[string]int64{}, seen: make(chan struct{}),
	}
	for i := range others {
		seen.tenants = append(seen.tenants, fmt.Sprint("other ", i))
	}
	cfg.Device, cfg.Recorder = d, seen
	s, err := scheduler.Open(background, cfg)
	require.NoError(t, err)
	seen.of = s
	t.Cleanup(func() { giveUp(t, s) })
	operands, x := map[int]*scheduler.Operand{}, make([]float32, 4096)
	submitTo := func(i int, tenant string) job.Handle {
		if operands[rows[i]] == nil {
			operands[rows[i]], err = s.Load(tensor.Matrix(make([]float32, rows[i]*4096), rows[i], 4096))
			require.NoError(t, err)
		}
		h, err := s.Submit(background, &job.Matmul{
			A: operands[rows[i]].View(), B: tensor.Vector(x), C: tensor.Vector(make([]float32, rows[i])),
			Options: job.Options{Tenant: tenant},
		})
		require.NoError(t, err)
		return h
	}
	first := make(chan job.Handle)
	go func() { first <- submitTo(others, "first") }() // may wait at the gate for all
	for s.TenantAudit("first").InFlight == 0 {
		runtime.Gosched()
	}
	for range 100 * each {
		submitTo(others, "flood")
	}
	for i, tenant := range seen.tenants[1:] {
		for range each {
			submitTo(i, tenant)
		}
	}
	close(d.gate)
	require.NoError(t, (<-first).Wait(background))
	<-seen.seen
	sum := time.Duration(0)
	for _, tenant := range seen.tenants {
		require.NotZero(t, seen.waiting[tenant], "%s has nothing waiting", tenant)
		sum += seen.used[tenant]
	}
	fair := sum.Seconds() / (others + weight)
	t.Logf("flood: %.3f of its fair share of %v; longest batch %v", seen.used["flood"].Seconds()/fair/weight, sum, seen.time())
	for _, tenant := range seen.tenants[1:] {
		t.Logf("%s: %.3f of its fair share", tenant, seen.used[tenant].Seconds()/fair)
		require.Greater(t, seen.used[tenant].Seconds()+seen.time().Seconds(), 0.9*fair, tenant)
	}
}

// giveUp closes a scheduler without waiting for what it has.
func giveUp(t *testing.T, s *scheduler.Scheduler) {
	ctx, cancel := context.WithCancel(background)
	cancel()
	require.ErrorIs(t, s.Close(ctx), job.ErrClosed)
	audit := s.Audit()
	require.True(t, audit.Balances() && audit.InFlight == 0 && audit.Bytes == 0, "%+v", audit)
}

// The map of weights is the caller's to change after Open.
func TestWeightsAreCopied(t *testing.T) {
	weights := map[string]float64{"a": 1}
	s := start(t, scheduler.Config{Device: openCPU(t), Weights: weights})
	w := square(t, s, 4)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 100 {
			weights[fmt.Sprint(i)] = 2
		}
	}()
	for i := range 100 {
		require.NoError(t, s.Do(background, newProbe(w, job.Options{Tenant: fmt.Sprint(i)}).Matmul))
	}
	<-done
}
