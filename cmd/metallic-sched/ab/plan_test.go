package ab

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestPlan: whenever the looks are, no more than alpha is spent, and no more
// than its part of the time; the last look has the rest.
func TestPlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := plan{alpha: 0.05, rows: rapid.IntRange(1, 50).Draw(t, "rows")}
		steps := rapid.SliceOfN(rapid.Float64Range(0.001, 0.2), 1, 60).Draw(t, "steps")
		passed, sum, looks := 0.0, 0.0, 0
		for i, step := range steps {
			passed += step
			last := passed >= 1 || i == len(steps)-1
			if last {
				passed = 1
			}
			level := p.look(i+1, passed, last)
			require.GreaterOrEqual(t, level, 0.0)
			sum += level
			require.LessOrEqual(t, sum, p.alpha*passed+1e-12)
			if last {
				require.InDelta(t, p.alpha, sum, 1e-12)
				break
			}
			if level > 0 {
				looks++
				require.LessOrEqual(t, leastLevel(i+1), level/float64(p.rows), "something can be told")
			}
		}
		require.LessOrEqual(t, looks, 9, "60 pairs grow by half no more often from 6 on")
	})
}

func TestPlanOfRunsHasOneLook(t *testing.T) {
	p := plan{alpha: 0.05, rows: 1}
	for pairs := 1; pairs < 100; pairs++ {
		require.Zero(t, p.look(pairs, 0, false))
	}
	require.Equal(t, 0.05, p.look(100, 1, true))
}
