package scheduler_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// TestShareOfDeviceTimeInAFlood: on a device that computes, one tenant submits
// a hundred times what each of four others does, before them. While they all
// have work waiting each gets at least 90 % of its fair share of device time:
// of batches that they share, and of the time when each has operands of its
// own, which take more or less long.
func TestShareOfDeviceTimeInAFlood(t *testing.T) {
	t.Run("one operand", func(t *testing.T) {
		s := start(t, scheduler.Config{Device: openCPU(t), MaxColumns: 8})
		w := tall(t, s, 64)
		floodAndOthers(t, s, 1, func(int) *scheduler.Operand { return w })
	})
	t.Run("operands of their own", func(t *testing.T) {
		s := start(t, scheduler.Config{Device: openCPU(t), MaxColumns: 8})
		var ws []*scheduler.Operand
		for i := range 5 {
			ws = append(ws, tall(t, s, 32+16*i))
		}
		floodAndOthers(t, s, 1, func(i int) *scheduler.Operand { return ws[i] })
	})
	t.Run("weights", func(t *testing.T) {
		s := start(t, scheduler.Config{Device: openCPU(t), MaxColumns: 8, Weights: map[string]float64{"flood": 2}})
		w := tall(t, s, 64)
		floodAndOthers(t, s, 2, func(int) *scheduler.Operand { return w })
	})
}

// tall loads a matrix of zeros that takes long for its few rows.
func tall(t testing.TB, s *scheduler.Scheduler, rows int) *scheduler.Operand {
	t.Helper()
	w, err := s.Load(tensor.Matrix(make([]float32, rows*4096), rows, 4096))
	require.NoError(t, err)
	return w
}

// floodAndOthers submits and, while all have work waiting, compares what device
// time each has got.
func floodAndOthers(t *testing.T, s *scheduler.Scheduler, weight float64, operand func(i int) *scheduler.Operand) {
	const others, each, flood = 4, 400, 40_000
	x := make([]float32, 4096)
	put := func(i int, tenant string) job.Handle {
		w := operand(i).View()
		j := &job.Matmul{A: w, B: tensor.Vector(x), C: tensor.Vector(make([]float32, w.Rows())), Options: job.Options{Tenant: tenant}}
		h, err := s.Submit(background, j)
		require.NoError(t, err)
		return h
	}
	for range flood {
		put(others, "flood")
	}
	tenants := []string{"flood"}
	var last []job.Handle
	for i := range others {
		tenants = append(tenants, fmt.Sprint("other ", i))
		for n := range each {
			if h := put(i, tenants[i+1]); n == each*3/4 {
				last = append(last, h)
			}
		}
	}
	before := map[string]time.Duration{}
	for _, tenant := range tenants {
		before[tenant] = s.DeviceTime(tenant)
	}
	require.NoError(t, last[0].Wait(background))
	used, sum := map[string]time.Duration{}, time.Duration(0)
	for _, tenant := range tenants {
		require.NotZero(t, s.TenantAudit(tenant).InFlight, "%s has nothing waiting", tenant)
		used[tenant] = s.DeviceTime(tenant) - before[tenant]
		sum += used[tenant]
	}
	fair := sum.Seconds() / (others + weight)
	for _, tenant := range tenants[1:] {
		t.Logf("%s: %.3f of its fair share", tenant, used[tenant].Seconds()/fair)
		require.Greater(t, used[tenant].Seconds(), 0.9*fair, tenant)
	}
	require.Greater(t, used["flood"].Seconds(), 0.9*fair*weight)
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
