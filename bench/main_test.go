package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/cpu/blas/blastest"
	"github.com/metallic-sched/metallic-sched/kernels/cpu"
)

// TestAllSections runs everything on tiny sizes; every result is verified.
func TestAllSections(t *testing.T) {
	blastest.Library(t)
	o, err := parse([]string{
		"-quick", "-reps=1", "-least=0", "-window=5ms", "-memory=1", "-threads=1,2", "-sizes=33", "-shapes=130x50",
		"-n=1,3,20", "-types=f32,f16,bf16", "-rows=10,1100", "-shared=100x70", "-layers=1",
	}, t.Output())
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, run(o, &out))
	for _, want := range []string{
		"Square sgemm, 1 threads", "Square sgemm, 2 threads", "W 130x50 f32", "W 130x50 bf16", "Softmax of 4096 rows in place, f16",
		"the whole scheduler, batches of", "small-N f32, 2 threads, N=20:", "headline, W 100x70, 2 threads:", "decode, 2 threads:",
	} {
		require.Contains(t, out.String(), want)
	}
}

func TestMissingLibraries(t *testing.T) {
	o, err := parse([]string{"-blas", "/nowhere/libblas.so"}, t.Output())
	require.NoError(t, err)
	require.ErrorContains(t, run(o, &bytes.Buffer{}), "/nowhere/libblas.so")
	_, err = openGGML("/nowhere/libpeer_ggml.so")
	require.ErrorContains(t, err, "ggml: ")
}

func TestPeerUsesTheProcessor(t *testing.T) {
	require.Empty(t, betterCore("0.3.26 Zen", cpu.AVX512))
	require.Equal(t, "SkylakeX", betterCore("0.3.21 Prescott", cpu.AVX512))
	require.Equal(t, "Haswell", betterCore("0.3.21 Prescott", cpu.AVX2))
	require.Empty(t, betterCore("0.3.21 Prescott", cpu.Portable))
}

func TestTable(t *testing.T) {
	x := table{title: "Title", header: []string{"n", "GB/s"}}
	x.add("α", "1.0")
	x.add("100", "12.0")
	var text, markdown strings.Builder
	x.text(&text)
	require.Equal(t, "Title\nn    GB/s\nα     1.0\n100  12.0\n\n", text.String())
	x.markdown(&markdown)
	require.Equal(t, "**Title**\n\n| n | GB/s |\n|---|---:|\n| α | 1.0 |\n| 100 | 12.0 |\n\n", markdown.String())
}

func TestNumbers(t *testing.T) {
	require.Equal(t, "-", milliseconds(0))
	require.Equal(t, "0.012", milliseconds(12*time.Microsecond))
	require.Equal(t, "12.30", milliseconds(12300*time.Microsecond))
	require.Equal(t, "95%", percent(0.951))
	require.Equal(t, "1.5", rate(1.5e9))
}
