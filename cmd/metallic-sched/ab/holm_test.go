package ab

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestHolm: the claims are those of the procedure as it is written down, of
// sorted p-values.
func TestHolm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ps := rapid.SliceOfN(rapid.Float64Range(0, 0.2), 1, 12).Draw(t, "p-values")
		const alpha = 0.1
		claimed, levels := holm(len(ps), alpha, func(i int, level float64) bool { return ps[i] <= level })

		order := make([]int, len(ps))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(i, j int) int {
			if ps[i] < ps[j] {
				return -1
			}
			return 1
		})
		want := make([]bool, len(ps))
		for rank, i := range order {
			if ps[i] > alpha/float64(len(ps)-rank) {
				break
			}
			want[i] = true
		}
		require.Equal(t, want, claimed)
		for i := range ps {
			require.Equal(t, claimed[i], ps[i] <= levels[i], "the level is that of the claim")
		}
	})
}
