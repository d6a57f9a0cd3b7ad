package policy_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

func TestCacheRetunes(t *testing.T) {
	caps := kernels.Caps{SIMDMatrix: true, SIMDReduction: true, SIMDWidth: 32, MaxThreadgroup: 1024}
	c := policy.NewCache(caps, policy.DefaultPrefs(), kernels.Default)
	p := kernels.Problem{
		Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: 1, M: 512, N: 8, K: 512}, A: tensor.F32, B: tensor.F32, C: tensor.F32,
	}
	before, err := c.Plan(p)
	require.NoError(t, err)
	require.Equal(t, kernels.FamilySmallN, before.Family())

	prefs := policy.DefaultPrefs()
	prefs.SmallNMaxN = 4
	require.NoError(t, c.Retune(prefs))
	require.Equal(t, prefs, c.Prefs())
	after, err := c.Plan(p)
	require.NoError(t, err)
	require.NotEqual(t, kernels.FamilySmallN, after.Family())

	bad := prefs
	bad.SmallNMaxN = 17
	var wrong *policy.PrefError
	require.ErrorAs(t, c.Retune(bad), &wrong)
	require.Equal(t, prefs, c.Prefs()) // nothing has changed
}

// Plans and the preferences they are made by go together, whoever retunes.
func TestCacheRetunesWhilePlanning(t *testing.T) {
	c := policy.NewCache(kernels.Caps{SIMDReduction: true, SIMDWidth: 32, MaxThreadgroup: 1024}, policy.DefaultPrefs(), kernels.Default)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 500 {
				prefs := policy.DefaultPrefs()
				prefs.SmallNMaxN = (n + i) % 17
				if i == 0 {
					if err := c.Retune(prefs); err != nil {
						t.Error(err)
					}
				}
				p := kernels.Problem{
					Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: 1, M: 64, N: 1 + n%16, K: 64}, A: tensor.F32, B: tensor.F32, C: tensor.F32,
				}
				if plan, err := c.Plan(p); err != nil || plan.Problem != p {
					t.Errorf("plan %v, %v", plan, err)
				}
			}
		})
	}
	all.Wait()
}
