package selftest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A transcript as package testing writes it; $ stands for its mark.
const sample = `$=== RUN   device
$=== RUN   device/out_of_memory
$--- PASS: device/out_of_memory (0.25s)
$=== RUN   device/kernels
    kernels.go:12: KERNELTEST_SEED=1
    kernels.go:13: NOT OFFERED: operands in the caller's memory
$=== RUN   device/kernels/matmul_mlx
    x.go:1: NOT OFFERED: f16
    x.go:1: NOT OFFERED: f16
$--- PASS: device/kernels/matmul_mlx (1.00s)
$=== RUN   device/kernels/matmul_simd
    x.go:9: wrong
partly$=== NAME  device/kernels
    x.go:10: of the parent
$--- FAIL: device/kernels/matmul_simd (1.00s)
$=== NAME  device/kernels
$--- FAIL: device/kernels (2.00s)
$=== RUN   device/copies
    suite.go:1: NOT TESTED: copies: whatever for
$--- PASS: device/copies (0.00s)
$=== NAME  device
$--- FAIL: device (2.50s)
$FAIL
`

func TestTranscript(t *testing.T) {
	x := newTranscript()
	var began []string
	for line := range strings.Lines(strings.ReplaceAll(sample, "$", mark)) {
		if name := x.add(strings.TrimSuffix(line, "\n")); name != "" {
			began = append(began, name)
		}
	}
	require.Equal(t, []string{"device", "device/out_of_memory", "device/kernels", "device/kernels/matmul_mlx", "device/kernels/matmul_simd", "device/copies"}, began)
	c := &Conformance{Checks: x.checks()}
	require.Equal(t, []Check{
		{Name: leaks, Outcome: Passed, Seconds: 2.5},
		{Name: "out of memory", Outcome: Passed, Seconds: 0.25},
		{Name: "kernels", Outcome: Failed, Seconds: 2, Log: "    kernels.go:12: KERNELTEST_SEED=1\n    kernels.go:13: NOT OFFERED: operands in the caller's memory\n    x.go:10: of the parent\n"},
		{Name: "kernels/matmul_mlx", Outcome: Passed, Seconds: 1, Log: "NOT OFFERED: f16"},
		{Name: "kernels/matmul_simd", Outcome: Failed, Seconds: 1, Log: "    x.go:9: wrong\npartly\n"},
		{Name: "copies", Outcome: NotTested, Log: "NOT TESTED: copies: whatever for"},
	}, c.Checks)
	require.Equal(t, Failed, c.outcome())
}

func TestTranscriptOfACrash(t *testing.T) {
	x := newTranscript()
	x.add("before all")
	x.add(mark + "=== RUN   device")
	x.add(mark + "=== RUN   device/info")
	x.add("panic: ")
	require.Equal(t, []string{"before all"}, x.rest)
	require.Equal(t, []Check{
		{Name: leaks, Outcome: Failed, Log: "it did not end\n"},
		{Name: "info", Outcome: Failed, Log: "panic: \nit did not end\n"},
	}, x.checks())
}
