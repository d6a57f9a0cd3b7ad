package scheduler_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// TestCallersGather: callers who come back at once are served together, however
// they were split in the beginning.
func TestCallersGather(t *testing.T) {
	const callers, rounds = 64, 50
	// The device actor lets others run in turn. With another processor that can be one
	// who is held up on a busy machine for longer than a clock that stands still tells.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	bubble(t, func(t *testing.T) {
		d := sim.Open(sim.Config{Launch: 10 * time.Millisecond})
		s, err := scheduler.Open(t.Context(), scheduler.Config{Device: d})
		require.NoError(t, err)
		w, err := s.Load(tensor.Matrix(make([]float32, 64), 8, 8))
		require.NoError(t, err)
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				time.Sleep(time.Duration(i%20) * time.Millisecond)
				for range rounds {
					p := newProbe(w, job.Options{})
					if err := s.Do(context.Background(), p); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		mean := float64(callers*rounds) / float64(d.Batches())
		require.Greater(t, mean, 0.9*callers)
		require.NoError(t, s.Close(context.Background()))
		require.NoError(t, d.Close())
	})
}
