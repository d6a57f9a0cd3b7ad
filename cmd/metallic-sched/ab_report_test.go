package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/ab"
)

// TestReportOfLostJobs: who loses jobs may be faster for that, which is said.
func TestReportOfLostJobs(t *testing.T) {
	one := ab.Interval{Mid: 1, Low: 1, High: 1}
	r := &abReport{A: &ab.Program{Path: "x"}, B: &ab.Program{Path: "x"}, Report: &ab.Report{
		Unit: ab.DefaultUnit, Rows: []ab.Row{{Name: "Load/stage=x", A: one, B: one, Verdict: ab.Faster}},
		Lost: []ab.Lost{{Name: "Load/stage=x", A: 0, B: 0.93}},
	}}
	var out strings.Builder
	r.write(&out)
	require.Contains(t, out.String(), "warning: Load/stage=x: a lost 0 % of its jobs, b 93 %; they count as endlessly late")
}
