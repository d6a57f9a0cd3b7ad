package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/selftest"
)

var absolute = regexp.MustCompile(`(^|[\s"'=(])/[\w.-]+/`)

// checkReport reads a report and checks each part's outcome, and that nothing
// private is in it: checkreport FILE DEVICE PART=OUTCOME...
func checkReport(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: checkreport FILE DEVICE PART=OUTCOME...")
	}
	text := ts.ReadFile(args[0])
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var r selftest.Report
	ts.Check(decoder.Decode(&r))
	if r.Schema != selftest.Schema || r.DeviceName() != args[1] || r.Time.IsZero() || r.Program.Go == "" || r.Machine.System == "" {
		ts.Fatalf("of device %s, schema %d, at %v, by %v on %v", r.DeviceName(), r.Schema, r.Time, r.Program, r.Machine)
	}
	outcomes, passed := map[string]string{}, true
	for _, p := range r.Parts {
		outcomes[string(p.Part)] = strings.ReplaceAll(string(p.Outcome), " ", "-")
		passed = passed && p.Outcome == selftest.Passed
	}
	if r.Passed != passed || len(r.Parts) != len(selftest.Parts) {
		ts.Fatalf("passed %v; parts %v", r.Passed, outcomes)
	}
	for _, want := range args[2:] {
		if part, outcome, _ := strings.Cut(want, "="); outcomes[part] != outcome {
			ts.Fatalf("%s %s; want %s", part, outcomes[part], outcome)
		}
	}
	home, _ := os.UserHomeDir()
	host, _ := os.Hostname()
	for _, secret := range []string{home, ts.Getenv("WORK"), `\b` + regexp.QuoteMeta(host) + `\b`} {
		if regexp.MustCompile(secret).MatchString(text) {
			ts.Fatalf("the report says %q", secret)
		}
	}
	if found := absolute.FindString(text); found != "" {
		ts.Fatalf("the report has a path: %q", found)
	}
}

func TestProductLines(t *testing.T) {
	rates := []selftest.Rate{
		{Family: "mlx", Types: "f16", Shape: "8x9", N: 1, Time: 1, GBs: 1.2345},
		{Family: "mlx", Types: "f16", Shape: "8x9", N: 64, Skipped: "slow: about 3s are expected"},
		{Family: "mlx", Types: "f32", Shape: "8x9", N: 2, Error: "broken"},
		{Family: "mlx", Types: "f16", Shape: "1024x1024", N: selftest.Square, Time: 0},
		{Family: "vec", Types: "f16", Shape: "9x9", Time: 1, GBs: 9},
	}
	require.Equal(t, []table.Row{
		{"mlx", "f16", "8x9", "1.23", "", "", "", "", "slow", ""},
		{"mlx", "f32", "8x9", "", "FAILED", "", "", "", "", ""},
		{"mlx", "f16", "1024x1024", "", "", "", "", "", "", "no time"},
	}, productLines(rates, func(r selftest.Rate) float64 { return r.GBs }))
}

func TestConformanceLines(t *testing.T) {
	require.Equal(t, []table.Row{
		{"info", "passed", "", "", "0.50"},
		{"kernels", "FAILED", 2, 1, "3.00"},
		{"copies", "NOT TESTED", "", "", "0.00"},
	}, conformanceLines([]selftest.Check{
		{Name: "info", Outcome: selftest.Passed, Seconds: 0.5},
		{Name: "kernels", Outcome: selftest.Failed, Seconds: 3},
		{Name: "kernels/matmul_mlx", Outcome: selftest.Failed},
		{Name: "kernels/matmul_simd", Outcome: selftest.Passed},
		{Name: "copies", Outcome: selftest.NotTested},
	}))
}

func TestSelftestVerdict(t *testing.T) {
	r := &selftest.Report{Parts: []selftest.Ending{{Part: selftest.PartDevice, Outcome: selftest.Passed}}}
	require.NoError(t, selftestVerdict(r))
	r.Parts = append(r.Parts,
		selftest.Ending{Part: selftest.PartNumerics, Outcome: selftest.NotTested},
		selftest.Ending{Part: selftest.PartScheduler, Outcome: selftest.Failed})
	require.EqualError(t, selftestVerdict(r), "selftest: numerics NOT TESTED, scheduler FAILED")
}

func TestShowFailures(t *testing.T) {
	var out bytes.Buffer
	showFailures(&out, &selftest.Report{
		Parts:       []selftest.Ending{{Part: selftest.PartBenchmark, Outcome: selftest.Failed, Error: "signal: aborted", Doing: "matmul_mlx", Log: strings.Repeat("a\n\n", 20)}},
		Conformance: &selftest.Conformance{Checks: []selftest.Check{{Name: "info", Outcome: selftest.Failed, Log: "bad\n"}}},
		Numerics: &selftest.Numerics{Cases: []selftest.Case{
			{Kernel: "matmul_mlx", Types: "f16", Shape: "4x4x4", Outcome: selftest.Failed, Error: "no memory"},
			{Kernel: "matmul_mlx", Types: "f16", Shape: "4x4x4", Outcome: selftest.Passed},
		}},
		Benchmark: &selftest.Benchmark{Rates: []selftest.Rate{{Kernel: "matmul_mlx", Types: "f16", Shape: "4x4", N: 4, Error: "no time"}}},
	})
	require.Equal(t, "FAILED: conformance: info\n    bad\n"+
		"FAILED: numerics: matmul_mlx of f16: 1 of 2 cases\n    no memory\n"+
		"FAILED: benchmark: matmul_mlx of f16, 4x4, N=4\n    no time\n"+
		"FAILED: benchmark\n    signal: aborted, after: matmul_mlx\n"+strings.Repeat("    a\n", 11)+"    ... (the report has the rest)\n", out.String())
}

// What was left out and what is not there are told apart.
func TestShowUntested(t *testing.T) {
	var out bytes.Buffer
	showUntested(&out, &selftest.Report{
		Conformance: &selftest.Conformance{Checks: []selftest.Check{
			{Name: "copies", Outcome: selftest.NotTested, Log: "NOT TESTED: copies: the device computes nothing"},
			{Name: "kernels", Outcome: selftest.Passed, Log: "NOT OFFERED: f16: no such type\nNOT OFFERED: mps promises no invariance"},
		}},
		Numerics: &selftest.Numerics{Untested: []string{"nothing computed"}},
	})
	require.Equal(t, "NOT TESTED: conformance: copies: the device computes nothing\n"+
		"NOT OFFERED: conformance: f16: no such type\nNOT OFFERED: conformance: mps promises no invariance\n"+
		"NOT TESTED: numerics: nothing computed\n", out.String())
}
