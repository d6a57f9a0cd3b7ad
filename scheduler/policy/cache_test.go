package policy

import (
	"sync"
	"testing"

	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func product(m, k, n int, dt tensor.DType) kernels.Problem {
	return kernels.Problem{
		Op: kernels.OpMatmul, Shape: kernels.Shape{Batch: 1, M: m, N: n, K: k},
		A: dt, B: dt, C: dt,
	}
}

func TestCacheAnswersAsSelect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		caps, prefs, catalog := drawCaps(t), drawPrefs(t), drawCatalog(t)
		cache := NewCache(caps, prefs, catalog)
		for _, p := range rapid.SliceOfN(rapid.Custom(drawProblem), 1, 50).Draw(t, "problems") {
			want, wantErr := Select(p, caps, prefs, catalog)
			got, err := cache.Plan(p)
			require.Equal(t, want, got)
			require.Equal(t, wantErr, err)
			again, _ := cache.Plan(p)
			require.Same(t, got, again)
		}
	})
}

func TestCacheReplacesOnCollision(t *testing.T) {
	cache := NewCache(kernels.Caps{}, DefaultPrefs(), kernels.Default)
	for m := range 4 * cacheSlots { // more problems than slots: some must share
		p := product(m, 64, 4, tensor.F32)
		plan, err := cache.Plan(p)
		require.NoError(t, err)
		require.Equal(t, p, plan.Problem)
	}
}

func TestSlotsAreSpread(t *testing.T) {
	used := map[uint64]bool{}
	for m := range 8 {
		for n := range 8 {
			for _, dt := range tensor.DTypes {
				p := product(64*(m+1), 1024, n+1, dt)
				used[slotOf(&p)] = true
			}
		}
	}
	require.Greater(t, len(used), 150, "192 problems over 1024 slots")
}

func TestCacheFromManyGoroutines(t *testing.T) {
	cache := NewCache(kernels.Caps{}, DefaultPrefs(), kernels.Default)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for m := range 2 * cacheSlots {
				plan, err := cache.Plan(product(m, 64, 4, tensor.F32))
				if err != nil || plan.Problem.Shape.M != m {
					t.Errorf("M=%d: %v, %v", m, plan, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCacheHitDoesNotAllocate(t *testing.T) {
	cache := NewCache(kernels.Caps{}, DefaultPrefs(), kernels.Default)
	p := product(512, 64, 4, tensor.F32)
	_, err := cache.Plan(p)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = cache.Plan(p) }))
}

func BenchmarkCacheHit(b *testing.B) {
	cache := NewCache(kernels.Caps{}, DefaultPrefs(), kernels.Default)
	p := product(512, 64, 4, tensor.F32)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = cache.Plan(p)
	}
}

func BenchmarkKeyForColumns(b *testing.B) {
	plan, err := Select(product(512, 64, 4, tensor.F32), kernels.Caps{}, DefaultPrefs(), kernels.Default)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_ = KeyForColumns(plan, 12, true, false)
	}
}
