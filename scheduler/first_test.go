package scheduler

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

func TestFirst(t *testing.T) {
	d := sim.Open(sim.Config{})
	s, err := Open(context.Background(), Config{Device: d})
	require.NoError(t, err)
	w, err := s.Load(tensor.Matrix(make([]float32, 64*64), 64, 64))
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			m := &job.Matmul{A: w.View(), B: tensor.Vector(make([]float32, 64)), C: tensor.Vector(make([]float32, 64))}
			for range 1000 {
				require.NoError(t, s.Do(context.Background(), m))
			}
		}()
	}
	wg.Wait()
	t.Logf("%+v", s.Audit())
	require.NoError(t, s.Close(context.Background()))
}
