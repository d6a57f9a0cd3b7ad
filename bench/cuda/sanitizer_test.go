package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// A part passes if the tool says so at its end, and there were launches to
// look at.
func TestFindings(t *testing.T) {
	const tested = "    every_entry_test.go:80: 3 functions, 48 launches\nPASS\n"
	broken := errors.New("exit status 77")
	for name, c := range map[string]struct {
		output string
		err    error
		want   finding
	}{
		"memcheck":        {tested + "========= ERROR SUMMARY: 0 errors\n", nil, finding{launches: 48, summary: "0 errors"}},
		"racecheck":       {tested + "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)\n", nil, finding{launches: 48, summary: "0 hazards displayed (0 errors, 0 warnings)"}},
		"hazards":         {tested + "========= RACECHECK SUMMARY: 2 hazards displayed (1 error, 1 warning)\n", broken, finding{launches: 48, summary: "2 hazards displayed (1 error, 1 warning)", problems: 2, err: broken}},
		"hazards unsaid":  {tested + "========= RACECHECK SUMMARY: 1 hazard displayed (0 errors, 1 warning)\n", nil, finding{launches: 48, summary: "1 hazard displayed (0 errors, 1 warning)", problems: 1, err: errors.New("the tool ended as if nothing were wrong")}},
		"died":            {tested, nil, finding{launches: 48, err: errors.New("the tool came to no end")}},
		"nothing to test": {"PASS\n========= ERROR SUMMARY: 0 errors\n", nil, finding{summary: "0 errors", err: errors.New("nothing was launched")}},
	} {
		require.Equal(t, c.want, findingOf(part{}, c.output, c.err), name)
	}
}

func TestJoinedFindings(t *testing.T) {
	a, b := part{"TestEveryEntry/sm_80/a/f", []string{"x", "y"}}, part{"TestEveryEntry/sm_80/b/f", []string{"z"}}
	r := joined([]finding{{part: a, launches: 3}, {part: b, launches: 4}})
	require.Equal(t, "passed: 3 functions, 7 launches, 0 errors or hazards", r.line())
	r = joined([]finding{{part: a, launches: 3}, {part: b, launches: 4, problems: 2, summary: "2 errors", err: errors.New("exit status 77")}})
	require.Equal(t, "FAILED: 1 of 2 processes: sm_80-b-f-z: exit status 77 2 errors; 3 functions, 7 launches, 2 errors or hazards", r.line())
}

func TestMissingSanitizerIsLoud(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := findSanitizer(t.TempDir())
	require.ErrorContains(t, err, "NOT RUN: no compute-sanitizer")
}
