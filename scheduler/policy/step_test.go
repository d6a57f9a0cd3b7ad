package policy

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/metallic-sched/metallic-sched/kernels"
)

func drawAttention(t *rapid.T) (plan *kernels.Plan, scratch int) {
	p := kernels.Problem{
		Op: kernels.OpAttention, Causal: rapid.Bool().Draw(t, "causal"), Group: rapid.IntRange(1, 3).Draw(t, "group"),
		Shape: kernels.Shape{
			Batch: rapid.IntRange(1, 5).Draw(t, "heads"), M: rapid.IntRange(1, 600).Draw(t, "rows"),
			N: rapid.IntRange(0, 600).Draw(t, "keys"), K: 8,
		},
	}
	scratch = rapid.IntRange(1, 1<<22).Draw(t, "scratch")
	tiling, _ := Tile(&p, scratch)
	return &kernels.Plan{Problem: p, Chain: &kernels.Chain{Tiling: tiling}}, scratch
}

// TestStepsCoverEveryKeyOnce: each row of each head is in one step, which has
// all keys that the row attends to; no step has keys that none of its rows does.
func TestStepsCoverEveryKeyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan, _ := drawAttention(t)
		p := &plan.Problem
		h0 := rapid.IntRange(0, p.Shape.Batch-1).Draw(t, "first head")
		h1 := rapid.IntRange(h0+1, p.Shape.Batch).Draw(t, "last head")
		offset := 0
		if p.Causal {
			offset = rapid.IntRange(-700, 700).Draw(t, "offset")
		}
		seen := map[[2]int]int{}
		for _, s := range AppendSteps(nil, plan, 7, offset, h0, h1) {
			require.Equal(t, 7, s.Job)
			most := 0
			for h := s.H0; h < s.H1; h++ {
				for r := s.R0; r < s.R1; r++ {
					seen[[2]int{h, r}]++
					attended := p.Shape.N
					if p.Causal {
						attended = max(0, min(attended, r+offset+1))
					}
					most = max(most, attended)
					require.Equal(t, attended == 0, s.Keys == 0, "rows without keys are apart")
				}
			}
			require.Equal(t, most, s.Keys)
		}
		require.Len(t, seen, (h1-h0)*p.Shape.M)
		for _, n := range seen {
			require.Equal(t, 1, n)
		}
	})
}

// TestWavesFitTheScratchMemory: all steps come in order, and a wave has room
// unless not even one row has.
func TestWavesFitTheScratchMemory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plan, scratch := drawAttention(t)
		steps := AppendSteps(nil, plan, 0, 0, 0, plan.Problem.Shape.Batch)
		for len(steps) > 0 {
			w := NextWave(steps, scratch)
			require.Positive(t, w.Steps)
			require.True(t, 4*w.Scores() <= scratch || w.Steps == 1 && plan.Chain.Tiling == kernels.Tiling{Heads: 1, Rows: 1}, "%+v", w)
			rows, keys := 0, 0
			for _, s := range steps[:w.Steps] {
				if s.Keys > 0 {
					rows += s.Scores()
				}
				keys = max(keys, s.Keys)
			}
			require.Equal(t, rows, w.Rows)
			require.Equal(t, keys, w.Keys)
			require.GreaterOrEqual(t, w.Pitch, keys)
			steps = steps[w.Steps:]
		}
	})
}
