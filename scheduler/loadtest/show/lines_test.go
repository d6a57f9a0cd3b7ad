package show

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchfmt"

	"github.com/metallic-sched/metallic-sched/scheduler/loadtest"
)

// TestLines: what is written is read by the package that benchstat reads with.
func TestLines(t *testing.T) {
	run := exampleRun(t, "first one")
	run.Info.CPUs = 2
	var out bytes.Buffer
	require.NoError(t, Lines(&out, []*loadtest.Results{run}))
	r := benchfmt.NewReader(&out, "lines")
	var names []string
	var results []*benchfmt.Result
	for r.Scan() {
		if result, ok := r.Result().(*benchfmt.Result); ok {
			results, names = append(results, result.Clone()), append(names, result.Name.String())
		}
	}
	require.NoError(t, r.Err())
	require.Equal(t, []string{"Load/run=first_one/stage=100-per-s-2", "Load/run=first_one/stage=200-per-s-2"}, names)
	for unit, want := range map[string]float64{ // 4 of 404 are endlessly late
		"sec/op": 0.051, "p90-sec/op": 0.091, "p99-sec/op": 0.1, "jobs/s": 100, "lost/op": 4. / 404,
	} {
		value, _ := results[0].Value(unit)
		require.InDelta(t, want, value, want/1000, unit)
	}
	value, _ := results[1].Value("sec/op")
	require.InDelta(t, 0.51, value, 0.001)
	require.Equal(t, 1, r.Units().GetBetter("jobs/s"))
	require.Equal(t, -1, r.Units().GetBetter("p99-sec/op"))
}

// TestLinesOfLost: jobs that were lost are endlessly late, so that a side which
// loses most has no median, whatever the others took.
func TestLinesOfLost(t *testing.T) {
	run := exampleRun(t, "x")
	for i, w := range run.Windows[0] {
		if !w.Warm {
			run.Windows[0][i].Kinds[0].Full += 10 * w.Kinds[0].Done
		}
	}
	var out bytes.Buffer
	require.NoError(t, Lines(&out, []*loadtest.Results{run}))
	r := benchfmt.NewReader(&out, "lines")
	var results []*benchfmt.Result
	for r.Scan() {
		if result, ok := r.Result().(*benchfmt.Result); ok {
			results = append(results, result.Clone())
		}
	}
	require.Len(t, results, 2)
	_, there := results[0].Value("sec/op")
	require.False(t, there)
	lost, there := results[0].Value("lost/op")
	require.True(t, there)
	require.Greater(t, lost, 0.5)
	_, there = results[1].Value("sec/op")
	require.True(t, there)
}
