package scheduler_test

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// TestRandomAttentions sends attentions of all shapes, types and layouts from
// many goroutines, and compares every element with float64.
func TestRandomAttentions(t *testing.T) {
	for name, cfg := range map[string]scheduler.Config{
		"default":  {},
		"cut":      {MaxColumns: 1},
		"in place": {InPlaceBytes: 1},
		"alone":    {NoBatching: true},
		"sampled":  {SampleInvariance: 1},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Device = openCPU(t)
			randomAttentions(t, cfg)
		})
	}
	for _, scratch := range []int{1, 1 << 10, 1 << 20} {
		d := openDiscrete(t, scratch, nil)
		t.Run("discrete", func(t *testing.T) { randomAttentions(t, scheduler.Config{Device: d}) })
		require.Zero(t, d.BytesInUse())
	}
}

// openDiscrete opens a device that cannot read the caller's memory, and has so
// many bytes for scores.
func openDiscrete(t testing.TB, scratch int, look func(*device.Batch) sim.Fault) *sim.Device {
	d := sim.Open(sim.Config{
		Inner: openInner(t), Discrete: true, QueueDepth: 2, Fault: look,
		Caps: kernels.Caps{SIMDMatrix: true, SIMDWidth: 32, MaxThreadgroup: 256, Scratch: scratch},
	})
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

func randomAttentions(t *testing.T, cfg scheduler.Config) {
	s, err := scheduler.Open(background, cfg)
	require.NoError(t, err)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			m := newMaker(uint64(g))
			for i := range max(4, 40/slowdown) {
				c := m.attention(2 + m.IntN(2)*m.IntN(80))
				if err := s.Do(background, c.job); err != nil {
					t.Errorf("goroutine %d job %d: %v", g, i, err)
				} else if err := c.computed(); err != nil {
					t.Errorf("goroutine %d job %d %+v: %v", g, i, describe(c.job), err)
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, "0", prometheus(s)[`metallic_sched_invariance_checks_total{result="mismatch"}`])
	require.NoError(t, s.Close(background))
	balanced(t, s)
}

// TestAttentionOfLoadedOperands reads keys and values that were loaded, and
// parts of them.
func TestAttentionOfLoadedOperands(t *testing.T) {
	for name, d := range map[string]device.Device{"cpu": openCPU(t), "discrete": openDiscrete(t, 1<<12, nil)} {
		t.Run(name, func(t *testing.T) {
			s, m := start(t, scheduler.Config{Device: d}), newMaker(3)
			k, v := m.matrix(tensor.F16, 2, 50, 12), m.matrix(tensor.F16, 2, 50, 10)
			lk, err := s.Load(k)
			require.NoError(t, err)
			lv, err := s.Load(v)
			require.NoError(t, err)
			for _, keys := range []int{1, 31, 50} {
				j := &job.Attention{
					Q: m.matrix(tensor.F16, 4, 3, 12), O: m.matrix(tensor.F16, 4, 3, 10),
					K: lk.View().Slice(50-keys, 50, 0, 12), V: lv.View().Slice(50-keys, 50, 0, 10),
				}
				c := attentionCheck(j, k.Slice(50-keys, 50, 0, 12), v.Slice(50-keys, 50, 0, 10))
				require.NoError(t, s.Do(background, j))
				require.NoError(t, c.computed())
			}
			lv.Release()
			j := &job.Attention{Q: m.matrix(tensor.F16, 2, 1, 12), O: m.matrix(tensor.F16, 2, 1, 10), K: lk.View(), V: lv.View()}
			require.ErrorIs(t, s.Do(background, j), job.ErrReleased)
		})
	}
}

// TestAttentionIsItsThreeJobs compares with the jobs that an attention stands
// for, bit for bit: the kernels are the same, and keys that are left out would
// have added zeros.
func TestAttentionIsItsThreeJobs(t *testing.T) {
	s := start(t, scheduler.Config{Device: openCPU(t)})
	for _, dt := range tensor.DTypes {
		for _, causal := range []bool{false, true} {
			j := attentionOf(dt, 3, 300, 350, 64)
			if j.Causal = causal; causal {
				j.QueryOffset = 50
			}
			j.O = alloc(tensor.F32, j.O.Len()).Strided(j.O.Dims(), tensor.Compact(j.O.Dims()), 0)
			require.NoError(t, s.Do(background, j))
			got := values(j.O)
			each(j.O, func(b, i, x int) { j.O.SetValue(b, i, x, 0) })
			for _, link := range linksOf(j, tensor.F32) {
				require.NoError(t, s.Do(background, link))
			}
			require.Equal(t, values(j.O), got, "%v, causal %t", dt, causal)
		}
	}
}

// TestAttentionBitsDoNotDependOnCompany: the bits of a result are the same
// alone, among others, and with its heads in batches of their own.
func TestAttentionBitsDoNotDependOnCompany(t *testing.T) {
	alone, cut := start(t, scheduler.Config{Device: openCPU(t)}), start(t, scheduler.Config{Device: openCPU(t), MaxColumns: 1})
	for seed := range uint64(max(3, 30/slowdown)) {
		m := newMaker(seed)
		c := m.attention(2 + m.IntN(70))
		require.NoError(t, alone.Do(background, c.job))
		want := bitsOf(c.c)
		require.NoError(t, cut.Do(background, c.job))
		require.Equal(t, want, bitsOf(c.c), "cut: %s", describe(c.job))
		jobs := []job.Job{c.job}
		for range 1 + m.IntN(20) {
			jobs = append(jobs, newMaker(m.Uint64()).attention(2+m.IntN(70)).job)
		}
		m.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
		require.NoError(t, alone.DoAll(background, jobs))
		require.Equal(t, want, bitsOf(c.c), "among %d: %s", len(jobs)-1, describe(c.job))
	}
}

// bitsOf returns a result's values by their bits.
func bitsOf(v tensor.View) (all []uint32) {
	for _, x := range values(v) {
		all = append(all, math.Float32bits(x))
	}
	return all
}
