package scheduler_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler"
)

// TestRandomAttentions sends attentions of all shapes, types and layouts from
// many goroutines, and compares every element with float64.
func TestRandomAttentions(t *testing.T) {
	for name, cfg := range map[string]scheduler.Config{
		"default":  {},
		"cut":      {MaxColumns: 1},
		"in place": {InPlaceBytes: 1},
		"alone":    {NoBatching: true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Device = openCPU(t)
			randomAttentions(t, cfg)
		})
	}
	// Devices that cannot read the caller's memory, with little room for scores.
	for _, scratch := range []int{1, 1 << 10, 1 << 20} {
		d := sim.Open(sim.Config{
			Inner: openInner(t), Discrete: true, QueueDepth: 2,
			Caps: kernels.Caps{SIMDMatrix: true, SIMDWidth: 32, MaxThreadgroup: 256, Scratch: scratch},
		})
		t.Cleanup(func() { require.NoError(t, d.Close()) })
		t.Run("discrete", func(t *testing.T) { randomAttentions(t, scheduler.Config{Device: d}) })
	}
}

func randomAttentions(t *testing.T, cfg scheduler.Config) {
	s := start(t, cfg)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			m := newMaker(uint64(g))
			for i := range 40 {
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
}
