package policy_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func TestLinger(t *testing.T) {
	w := policy.Work{
		Family: kernels.FamilyMLX, A: tensor.F32, B: tensor.F32, C: tensor.F32, Shape: kernels.Shape{Batch: 1, M: 512, N: 1, K: 512},
	}
	const limit = time.Millisecond
	m := policy.NewCostModel(policy.Prior{})
	require.Equal(t, limit, m.Linger(limit, w, 1), "nothing was measured")

	// One column takes as long as eight do: a companion saves all of its time.
	learn := func(columns int, took time.Duration) {
		for range 20 {
			m.Observe(w.Widen(columns), took)
		}
	}
	learn(1, 300*time.Microsecond)
	require.Equal(t, limit, m.Linger(limit, w, 3), "three columns were not measured")
	for _, n := range []int{2, 3, 5, 8} {
		learn(n, 300*time.Microsecond)
	}
	saved := m.Linger(limit, w, 1)
	require.InDelta(t, 300*time.Microsecond, saved, float64(30*time.Microsecond))
	require.Equal(t, 10*time.Microsecond, m.Linger(10*time.Microsecond, w, 1), "the limit counts")

	// Times that grow with the columns leave nothing to save: it does not wait.
	m = policy.NewCostModel(policy.Prior{Launch: 1, Bandwidth: 1e18, Flops: 1e9})
	for _, n := range []int{1, 2, 3, 4, 5, 8} {
		learn(n, time.Duration(n)*2*512*512)
	}
	require.Less(t, m.Linger(limit, w, 2), 10*time.Microsecond)
	require.Zero(t, testing.AllocsPerRun(100, func() { m.Linger(limit, w, 2) }))
}
