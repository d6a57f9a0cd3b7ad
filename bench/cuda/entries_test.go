package main

import (
	"errors"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPartsOfALog(t *testing.T) {
	log := "=== RUN   TestEveryEntry\n    every_entry_test.go:30: NVIDIA H100: [sm_90a]\n" +
		"=== RUN   TestEveryEntry/sm_90a/gemv/f16-f16-f16\n=== RUN   TestEveryEntry/sm_90a/gemv/f16-f16-f16/matmul_gemv\n    every_entry_test.go:80: 1 functions, 16 launches\n" +
		"=== RUN   TestEveryEntry/sm_90/smalln/f16-f16-f16\n"
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		log += "=== RUN   TestEveryEntry/sm_90/smalln/f16-f16-f16/" + name + "\n"
	}
	log += "--- PASS: TestEveryEntry (66.00s)\n    --- PASS: TestEveryEntry/sm_90a/gemv/f16-f16-f16/matmul_gemv (0.02s)\n"
	parts := partsIn(log, regexp.MustCompile(""))
	require.Equal(t, []part{
		{"TestEveryEntry/sm_90a/gemv/f16-f16-f16", []string{"matmul_gemv"}},
		{"TestEveryEntry/sm_90/smalln/f16-f16-f16", []string{"a", "b", "c", "d"}},
		{"TestEveryEntry/sm_90/smalln/f16-f16-f16", []string{"e"}},
	}, parts)
	require.Equal(t, "^TestEveryEntry$/^sm_90$/^smalln$/^f16-f16-f16$/^(a|b|c|d)$", parts[1].pattern())
	require.Equal(t, "sm_90-smalln-f16-f16-f16-e", parts[2].String())
	require.Len(t, partsIn(log, regexp.MustCompile("sm_90/smalln.*/[ace]$"))[0].functions, 3)
}

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
