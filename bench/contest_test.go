package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
)

func TestMedian(t *testing.T) {
	require.Equal(t, 3, median([]int{9, 1, 3}))
	require.Equal(t, 2.5, median([]float64{4, 1, 2, 3}))
}

func TestGeometricMean(t *testing.T) {
	var g geometric
	for _, x := range []float64{2, 8, 0.5} {
		g.add(x)
	}
	require.InDelta(t, 2, g.mean(), 1e-12)
	require.Equal(t, 0.5, g.least)
}

// TestContestTakesTurns: each entrant is first in its turn, and settles after
// each sample.
func TestContestTakesTurns(t *testing.T) {
	var order []string
	settled := 0
	entrants := []entrant{
		{name: "a", run: func(int) { order = append(order, "a") }, settle: func() { settled++ }},
		{name: "b", run: func(int) { order = append(order, "b") }},
		{name: "c", run: func(int) { order = append(order, "c") }},
	}
	o := &options{reps: 3, least: 0}
	require.Len(t, o.contest(entrants), 3)
	require.Equal(t, strings.Split("a a b b c c b b c c a a c c a a b b", " "), order[6:], "after two to warm up, and one before each sample")
	require.Equal(t, 5, settled)
}

func TestShortOnesRunManyTimes(t *testing.T) {
	most := 0
	o := &options{reps: 1, least: time.Hour}
	o.contest([]entrant{{run: func(times int) { most = max(most, times) }}})
	require.Equal(t, 10_000, most)
}

func TestBest(t *testing.T) {
	d, name := best([]time.Duration{3, 2, 4}, []entrant{{name: "x"}, {name: "y"}, {name: "z"}})
	require.Equal(t, time.Duration(2), d)
	require.Equal(t, "y", name)
}

func TestRoofline(t *testing.T) {
	l := limits{flops: 2e9, bandwidth: 4e9}
	require.Equal(t, 1002*time.Microsecond, l.roofline(1000, 1, 1000, tensor.F32), "reading")
	require.Equal(t, 10*time.Millisecond, l.roofline(1000, 10, 1000, tensor.F32), "computing")
}

func TestVerifyFindsWrongResults(t *testing.T) {
	a := tensor.Matrix([]float32{1, 2, 3, 4}, 2, 2)
	b := tensor.Matrix([]float32{5, 6, 7, 8}, 2, 2)
	c := make([]float32, 4)
	right := func(int) { copy(c, []float32{19, 22, 43, 50}) }
	results := []tensor.View{tensor.Matrix(c, 2, 2)}
	require.NoError(t, verify([]entrant{{name: "right", run: right}}, results, a, b))
	wrong := func(int) { copy(c, []float32{1, 1, 1, 1}) }
	require.ErrorContains(t, verify([]entrant{{name: "wrong", run: wrong}}, results, a, b), "wrong: element (")
	right(1)
	require.ErrorContains(t, verify([]entrant{{name: "idle", run: func(int) {}}}, results, a, b), "idle")
}
