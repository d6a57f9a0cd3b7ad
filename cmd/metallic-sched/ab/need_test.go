package ab

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNeedOfTooFew(t *testing.T) {
	require.Equal(t, &Need{More: 2}, need(Interval{0, math.Inf(-1), math.Inf(1)}, 0.05, 4, 0.02))
	require.Equal(t, &Need{More: 9}, need(Interval{0, math.Inf(-1), math.Inf(1)}, 0.0004, 4, 0.02))
}

// TestNeed: an interval of ±3 % shows what is 4.3 % off four times in five; to
// show 2 % it takes (4.3/2)² times as many.
func TestNeed(t *testing.T) {
	edge := math.Log1p(0.02)
	n := need(Interval{0, -0.03, 0.03}, 0.05, 20, edge)
	require.InDelta(t, 0.0438, n.Visible, 0.0005)
	require.InDelta(t, 20*(0.0429/edge)*(0.0429/edge)-20, n.More, 2)
	// Seen halfway between none and what matters, either takes four times that.
	half := need(Interval{edge / 2, edge/2 - 0.03, edge/2 + 0.03}, 0.05, 20, edge)
	require.InDelta(t, 4*(float64(n.More)+20)-20, half.More, 4)
	// What seems great is soon told from none.
	great := need(Interval{0.028, -0.002, 0.058}, 0.05, 20, edge)
	require.Less(t, great.More, n.More)
	require.GreaterOrEqual(t, need(Interval{0.1, -0.001, 0.2}, 0.05, 20, edge).More, 5, "some are needed, as nothing was told")
}

// TestNeedIsEnough: with as many more runs as were said to be needed most
// contests can tell.
func TestNeedIsEnough(t *testing.T) {
	m := machines()[0]
	m.own = 0.02
	told, asked := 0, 0
	for seed := range uint64(100) {
		few := simulation{changes: []float64{0}, runs: 10}.run(m, seed+1)
		if few.unsure() == 0 {
			continue
		}
		asked++
		enough := simulation{changes: []float64{0}, runs: 10 + few.Rows[0].Need.More}.run(m, seed+1)
		if enough.unsure() == 0 {
			told++
		}
	}
	require.Greater(t, asked, 20)
	require.Greater(t, float64(told)/float64(asked), 0.7)
}
