package loadtest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestSearch: whatever the limit, the best rate found is below it, and within
// the precision.
func TestSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Float64Range(20, 1e5).Draw(t, "limit")
		s := Search{Start: rapid.Float64Range(10, 1e5).Draw(t, "start"), Max: 2e5, Trials: 100}
		for n := 0; ; n++ {
			rate, more := s.Next()
			if !more {
				break
			}
			require.Less(t, n, 30)
			s.Tell(rate <= limit)
		}
		require.LessOrEqual(t, s.Best(), limit)
		require.Greater(t, s.Best(), limit/1.06)
	})
}

func TestSearchEnds(t *testing.T) {
	s := Search{Start: 100, Max: 1000}
	for _, want := range []float64{100, 200, 400, 800, 1000} {
		rate, more := s.Next()
		require.True(t, more)
		require.Equal(t, want, rate)
		s.Tell(true)
	}
	_, more := s.Next()
	require.False(t, more)

	s = Search{Start: 100, Max: 1000, Trials: 5}
	for range 5 {
		_, more := s.Next()
		require.True(t, more)
		s.Tell(false)
	}
	_, more = s.Next()
	require.False(t, more)
	require.Zero(t, s.Best())
}

func TestObjective(t *testing.T) {
	o, err := ParseObjective("p99 < 5ms")
	require.NoError(t, err)
	require.Equal(t, Objective{0.99, 5 * time.Millisecond}, *o)
	require.Equal(t, "p99<5ms", o.String())
	for _, text := range []string{"", "p99", "99<5ms", "p100<5ms", "p0<1ms", "p99<0s", "p99<5"} {
		_, err := ParseObjective(text)
		require.ErrorContains(t, err, "allowed: like p99<5ms", text)
	}
	var h Histogram
	require.False(t, o.met(&h, 0))
	for range 995 {
		h.Record(time.Millisecond)
	}
	for range 5 {
		h.Record(time.Second)
	}
	require.True(t, o.met(&h, 0))
	require.True(t, o.met(&h, 5))
	require.False(t, o.met(&h, 6), "a lost job is endlessly late")
	require.False(t, o.met(&h, 1000))
}

func TestJain(t *testing.T) {
	require.InDelta(t, 1, Jain([]float64{3, 3, 3}), 1e-12)
	require.InDelta(t, 0.25, Jain([]float64{1, 0, 0, 0}), 1e-12)
	require.InDelta(t, 1, Jain(nil), 1e-12)
	require.InDelta(t, 9.0/10, Jain([]float64{2, 1}), 1e-12)
}

func TestLevel(t *testing.T) {
	require.True(t, level([]float64{9, 100, 105, 95}))
	require.False(t, level([]float64{100, 105, 85}))
	require.False(t, level([]float64{100, 100}))
	require.False(t, level([]float64{0, 0, 0}))
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "there is no run in it",
		"{":                             "line 1: not a whole record",
		`{"v":2,"kind":"run","run":{}}`: "version 2; allowed: 1",
		`{"v":1,"kind":"end","end":{}}`: "a record before that of a run",
		"{\"v\":1,\"kind\":\"run\",\"run\":{}}\n{\"v\":1,\"kind\":\"window\"}":                          `line 2: a record of kind "window" without`,
		"{\"v\":1,\"kind\":\"run\",\"run\":{}}\n{\"v\":1,\"kind\":\"window\",\"window\":{\"stage\":3}}": "not the next",
		"{\"v\":1,\"kind\":\"run\",\"run\":{}}\n{\"v\":1,\"kind\":\"stage\",\"stage\":{\"stage\":1}}":   "stage 1 ends after 0",
	} {
		_, err := Read(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
	}
	runs, err := Read(strings.NewReader(`{"v":1,"kind":"run","run":{}}`))
	require.NoError(t, err)
	require.ErrorContains(t, runs[0].Verdict(), "the records end before the run did")
}
