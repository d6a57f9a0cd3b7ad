package main

import (
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
		{"TestEveryEntry/sm_90/smalln/f16-f16-f16", []string{"a", "b", "c", "d"}},
		{"TestEveryEntry/sm_90a/gemv/f16-f16-f16", []string{"matmul_gemv"}},
		{"TestEveryEntry/sm_90/smalln/f16-f16-f16", []string{"e"}},
	}, parts)
	require.Equal(t, "^TestEveryEntry$/^sm_90$/^smalln$/^f16-f16-f16$/^(a|b|c|d)$", parts[0].pattern())
	require.Equal(t, "sm_90-smalln-f16-f16-f16-e", parts[2].String())
	require.Len(t, partsIn(log, regexp.MustCompile("sm_90/smalln.*/[ace]$"))[0].functions, 3)
}
