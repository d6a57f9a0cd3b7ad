package scheduler_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// bubble runs f on a virtual clock. Channels that pools keep must not go in or
// out of it; two collections empty every pool.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	for range 2 {
		runtime.GC()
	}
	synctest.Test(t, f)
	for range 2 {
		runtime.GC()
	}
}

func TestTwice(t *testing.T) {
	for range 3 {
		bubble(t, func(t *testing.T) {
			s := start(t, scheduler.Config{Device: sim.Open(sim.Config{Launch: time.Second})})
			w, err := s.Load(tensor.Matrix(make([]float32, 16), 4, 4))
			require.NoError(t, err)
			begin := time.Now()
			require.NoError(t, s.Do(background, &job.Matmul{A: w.View(), B: tensor.Vector(make([]float32, 4)), C: tensor.Vector(make([]float32, 4))}))
			require.Equal(t, time.Second, time.Since(begin))
		})
	}
	s := start(t, scheduler.Config{Device: sim.Open(sim.Config{})})
	w, err := s.Load(tensor.Matrix(make([]float32, 16), 4, 4))
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, s.Do(background, &job.Matmul{A: w.View(), B: tensor.Vector(make([]float32, 4)), C: tensor.Vector(make([]float32, 4))}))
	}
}
