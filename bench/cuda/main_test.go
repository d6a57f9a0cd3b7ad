package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Shell scripts that print what test binaries and compute-sanitizer do.
const (
	fakeDevice = `#!/bin/sh
test "$REQUIRE_CUDA" = 1 || exit 1
case "$*" in
*TestEveryEntry*) for m in gemv/f32-f32-f32/matmul_gemv copy/f32-f32-f32/copy; do
	echo "=== RUN   TestEveryEntry/sm_90a/$m"; echo "    every_entry_test.go:80: 2 functions, 32 launches"; done ;;
*TestBrokenSources*) echo "=== RUN   TestBrokenSources/memcheck/a"; echo "=== RUN   TestBrokenSources/racecheck/gemv" ;;
*) echo "BenchmarkMatmul/k/f16/1x1/N1-2 1 3.5 gpu-µs" ;;
esac
`
	fakeSanitizer = `#!/bin/sh
tool=$2; run=; for a in "$@"; do case "$a" in -test.run=*|-cuda.broken=*) run=$a ;; esac; done
echo "    every_entry_test.go:80: 2 functions, 32 launches"
if [ $tool = racecheck ] && [ -z "${run##*gemv*}" ]; then
	echo "========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)"; exit 77; fi
if [ $tool = racecheck ]; then
	echo "========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)"; else
	echo "========= ERROR SUMMARY: 0 errors"; fi
`
)

func script(t *testing.T, dir, name, text string) string {
	file := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o700))
	return file
}

// A function that a tool complains about fails its step, and the others go on.
func TestRunOnFakes(t *testing.T) {
	dir := t.TempDir()
	script(t, dir, "compute-sanitizer", fakeSanitizer)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	o := &options{
		device: script(t, dir, "device.test", fakeDevice), scheduler: "none", python: "/nowhere/python3",
		logs: filepath.Join(dir, "logs"), out: filepath.Join(dir, "run.md"), only: []string{"entries", "controls", "memcheck", "racecheck", "bench", "torch"}, processes: 2,
		functions: regexp.MustCompile(""),
	}
	var out bytes.Buffer
	r, err := run(o, &out)
	require.NoError(t, err)
	require.Equal(t, "CUDA FAILED: controls, racecheck (of 6 steps)", r.verdict())
	require.Contains(t, out.String(), "passed: 2 functions, 64 launches, 0 errors or hazards")
	require.Contains(t, out.String(), "FAILED: 1 of 2 processes: sm_90a-gemv-f32-f32-f32-matmul_gemv: exit status 77, see racecheck-sm_90a-gemv-f32-f32-f32-matmul_gemv.log 1 hazard displayed (1 error, 0 warnings)")
	require.Contains(t, out.String(), "FAILED: not seen: memcheck/a: 0 errors, <nil>; 1 of 2 mistakes seen")
	require.Contains(t, out.String(), "NOT DONE: no PyTorch for the GPU in /nowhere/python3")
	text, err := os.ReadFile(o.out)
	require.NoError(t, err)
	require.Contains(t, string(text), "| `k` | f16 1x1 N1 | 3.5 |")
	log, err := os.ReadFile(filepath.Join(dir, "logs", "racecheck-sm_90a-copy-f32-f32-f32-copy.log"))
	require.NoError(t, err)
	require.True(t, strings.Contains(string(log), "--num-cuda-barriers 16"), "the command stands in the log")
}
