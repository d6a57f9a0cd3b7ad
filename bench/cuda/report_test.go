package main

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	oursPrinted = `goos: linux
BenchmarkMatmul/matmul_smalln_n16/f16/4096x4096/N8-16         1   0 ns/op   2980 GB/s   24.0 Tflop/s   10.00 gpu-µs
BenchmarkMatmul/matmul_smalln_n16/f16/4096x4096/N64-16        1   12.5 gpu-µs
BenchmarkMatmul/matmul_mps/f16/4096x4096/N4096-16             1   200 gpu-µs
BenchmarkQueue/4096x4096/N20/depth=3-16              2000   48123 ns/op   8.25 %idle   42.1 gpu-µs   415607 vectors/s   512 B/op   6 allocs/op
BenchmarkQueue/4096x4096/N64/depth=1/factors-16      2000   85000 ns/op   20 %idle   68.5 gpu-µs
PASS
`
	torchPrinted = `torch 2.11.0 NVIDIA H100
BenchmarkTorchMatmul/f16/4096x4096/N8 1 20.00 gpu-µs 13 Tflop/s
BenchmarkTorchMatmul/f16/4096x4096/N64 1 10.00 gpu-µs 13 Tflop/s
BenchmarkTorchVectors/4096x4096/64-gathered 1 500000 jobs/s 128.0 µs
`
)

func TestFigures(t *testing.T) {
	ours := figuresOf(oursPrinted)
	require.Len(t, ours, 5)
	require.Equal(t, figure{"Matmul/matmul_smalln_n16/f16/4096x4096/N8", []metric{{2980, "GB/s"}, {24, "Tflop/s"}, {10, microseconds}}}, ours[0])
	us, ok := peerOf(&ours[0], figuresOf(torchPrinted))
	require.True(t, ok)
	require.Equal(t, 20.0, us)
	_, ok = peerOf(&ours[2], figuresOf(torchPrinted))
	require.False(t, ok)
	require.InDelta(t, 4, geometric([]float64{2, 8}), 1e-12)
}

func TestReport(t *testing.T) {
	r := &report{date: time.Date(2026, 11, 27, 16, 5, 0, 0, time.UTC), gpu: "NVIDIA H100, driver 580.1"}
	require.Equal(t, "CUDA: nothing was run", r.verdict())
	r.add(result{name: "entries", what: "functions", took: 3 * time.Second, output: "    x_test.go:30: NVIDIA H100: [sm_90a, driver for CUDA 13.0 compiler: NVRTC 13.0]\n", notes: []string{"sm_90a: 1 modules"}})
	r.add(result{name: "bench", figures: figuresOf(oursPrinted)})
	r.add(result{name: "torch", figures: figuresOf(torchPrinted)})
	require.Equal(t, "CUDA PASSED: 3 steps", r.verdict())
	text := r.markdown()
	for _, part := range []string{
		"on 2026-11-27 16:05 UTC. GPU: NVIDIA H100, driver 580.1.",
		"The device says: NVIDIA H100: [sm_90a, driver for CUDA 13.0 compiler: NVRTC 13.0].",
		"| `entries`: functions | passed: sm_90a: 1 modules | 3 s |",
		"| `matmul_smalln_n16` | f16 4096x4096 N8 | 10.0 | 24 | 2980 | 20.0 | 2.00 |",
		"| `matmul_smalln_n16` | f16 4096x4096 N64 | 12.5 |  |  | 10.0 | **0.80** |",
		"| `matmul_mps` | f16 4096x4096 N4096 | 200.0 |  |  | | |",
		"- `matmul_smalln_n16` f16: 1.26 of 2",
		"| 4096x4096 | 20 | 3 | 48.1 | 42.1 | 8.2 % | 415607 |\n| 4096x4096, factors | 64 | 1 | 85.0 | 68.5 | 20.0 % |  |\n",
		"| TorchVectors 4096x4096 64-gathered | 500000 jobs/s, 128 µs |",
	} {
		require.Contains(t, text, part)
	}
	require.NotContains(t, text, "| `4096x4096` |", "a queue is no kernel")
	r.add(result{name: "stress", err: errors.New("exit status 1")})
	require.Equal(t, "CUDA FAILED: stress (of 4 steps)", r.verdict())
	require.Contains(t, r.markdown(), "FAILED: exit status 1")
}

func TestOptions(t *testing.T) {
	var errs bytes.Buffer
	o, err := parse([]string{"-only", "entries,racecheck", "-out", "x.md"}, &errs)
	require.NoError(t, err)
	require.Equal(t, []string{"entries", "racecheck"}, o.only)
	for _, args := range [][]string{{"-only", "nonesuch"}, {"more"}, {"-processes", "0"}, {"-functions", "("}} {
		_, err = parse(args, &errs)
		require.Error(t, err)
	}
	require.Contains(t, errs.String(), "allowed are conformance, entries, controls, memcheck")
}
