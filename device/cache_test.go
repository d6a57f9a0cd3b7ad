package device_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func key(width int) kernels.Key {
	return kernels.Key{Kernel: "softmax_vec", A: tensor.F32, B: tensor.F32, C: tensor.F32, Width: width}
}

func TestCacheCompilesOnceHoweverManyAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := device.NewCache(sim.Open(sim.Config{CompileTime: time.Second}), 4)
		var all sync.WaitGroup
		pipelines := make([]device.Pipeline, 64)
		for i := range pipelines {
			all.Go(func() {
				p, hit, err := c.Get(key(1))
				if hit || err != nil {
					t.Errorf("hit %v, error %v", hit, err)
				}
				pipelines[i] = p
			})
		}
		all.Wait()
		for _, p := range pipelines {
			require.Equal(t, key(1), p.Key())
		}
		require.Equal(t, device.CacheStats{Misses: 64, Compiles: 1, CompileTime: time.Second}, c.Stats())

		p, hit, err := c.Get(key(1))
		require.NoError(t, err)
		require.True(t, hit)
		require.Equal(t, key(1), p.Key())
		require.EqualValues(t, 1, c.Stats().Hits)
	})
}

func TestCacheHitsWhileAnotherKeyCompiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := device.NewCache(sim.Open(sim.Config{CompileTime: time.Second}), 4)
		_, _, err := c.Get(key(1))
		require.NoError(t, err)
		compiled := make(chan error)
		go func() {
			_, _, err := c.Get(key(2))
			compiled <- err
		}()
		synctest.Wait() // until it compiles
		start := time.Now()
		_, hit, err := c.Get(key(1))
		require.NoError(t, err)
		require.True(t, hit)
		require.Zero(t, time.Since(start))
		require.NoError(t, <-compiled)
	})
}

func TestCacheEvictsTheLeastRecentlyUsed(t *testing.T) {
	d := sim.Open(sim.Config{})
	c := device.NewCache(d, 2)
	for _, width := range []int{1, 2} {
		_, _, err := c.Get(key(width))
		require.NoError(t, err)
	}
	_, ok := c.Lookup(key(1)) // now 2 is the oldest
	require.True(t, ok)
	_, hit, err := c.Get(key(3))
	require.NoError(t, err)
	require.False(t, hit)

	_, ok = c.Lookup(key(2))
	require.False(t, ok)
	_, ok = c.Lookup(key(1))
	require.True(t, ok)
	stats := c.Stats()
	stats.CompileTime = 0
	require.Equal(t, device.CacheStats{Hits: 2, Misses: 3, Evictions: 1, Compiles: 3}, stats)
	require.EqualValues(t, 3, d.Compiles())
}

func TestCacheRetriesAfterAnError(t *testing.T) {
	boom := errors.New("boom")
	outcomes := []func() error{
		func() error { return boom },
		func() error { panic("bang") },
		func() error { return nil },
	}
	d := sim.Open(sim.Config{CompileError: func(kernels.Key) error {
		next := outcomes[0]
		outcomes = outcomes[1:]
		return next()
	}})
	c := device.NewCache(d, 2)
	_, _, err := c.Get(key(1))
	require.ErrorIs(t, err, boom)
	_, _, err = c.Get(key(1))
	require.ErrorContains(t, err, "bang")
	require.ErrorContains(t, err, "softmax_vec")
	p, hit, err := c.Get(key(1))
	require.NoError(t, err)
	require.False(t, hit)
	require.NotNil(t, p)
	require.EqualValues(t, 3, c.Stats().Compiles)
}

func TestCacheLookupDoesNotAllocate(t *testing.T) {
	c := device.NewCache(sim.Open(sim.Config{}), 2)
	_, _, err := c.Get(key(1))
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, ok := c.Lookup(key(1)); !ok {
			t.Error("not cached")
		}
	}))
}

func BenchmarkCacheLookup(b *testing.B) {
	c := device.NewCache(sim.Open(sim.Config{}), 64)
	for width := range 32 {
		_, _, err := c.Get(key(width))
		require.NoError(b, err)
	}
	k := key(7)
	for b.Loop() {
		c.Lookup(k)
	}
}
