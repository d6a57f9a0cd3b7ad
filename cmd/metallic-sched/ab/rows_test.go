package ab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadOutput(t *testing.T) {
	out, err := readOutput([]byte(`goos: linux
metallic-sched says hello
Unit flop/s better=higher
BenchmarkX/m=1-4   100  3 ns/op  7 flop/s
BenchmarkX/m=2-4   100  8 ns/op  9 flop/s
BenchmarkX/m=1-4   100  1 ns/op  5 flop/s
BenchmarkX/m=1-4   100  2 ns/op  6 flop/s
BenchmarkY-4       100  1 B/op
PASS
`), DefaultUnit, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"X/m=1", "X/m=2"}, out.order)
	require.InDelta(t, 2e-9, out.rows["X/m=1"], 1e-20, "a process is one sample, the median")
	require.InDelta(t, 8e-9, out.rows["X/m=2"], 1e-20)
	require.Equal(t, -1, out.units.GetBetter(DefaultUnit))
	require.Equal(t, 1, out.units.GetBetter("flop/s"))
}

func TestReadOutputThatIsOfNoUse(t *testing.T) {
	for text, want := range map[string]string{
		"":                              `no benchmark lines were printed, but ""`,
		"usage: bench SUITE":            "usage: bench SUITE",
		"BenchmarkX 1 2 B/op 3 x\n":     "nothing is measured in sec/op; there is B/op, x",
		"BenchmarkX 1 0 ns/op\n":        "X has 0 sec/op; only what is above 0",
		"BenchmarkX one 2 ns/op\n":      "output:1: parsing iteration count",
		"BenchmarkX 1 2 ns/op 3 B/op 4": "output:1: missing units",
	} {
		_, err := readOutput([]byte(text), DefaultUnit, nil)
		var wrong *OutputError
		require.ErrorAs(t, err, &wrong, text)
		require.ErrorContains(t, err, want)
	}
}

func TestRowNames(t *testing.T) {
	for text, want := range map[string][]string{
		"BenchmarkX-4 1 1 ns/op\nBenchmarkY/a-4 1 1 ns/op":                              {"X", "Y/a"},
		"BenchmarkX 1 1 ns/op\nBenchmarkX-2 1 1 ns/op":                                  {"X", "X-2"}, // go test -cpu 1,2
		"BenchmarkX/backend=mlx/m=1-4 1 1 ns/op\nBenchmarkX/m=1/backend=mps 1 1 ns/op":  {"X/m=1", "X/m=1"},
		"pkg: a/b\nBenchmarkX 1 1 ns/op\npkg: c\nBenchmarkX 1 1 ns/op":                  {"a/b.X", "c.X"},
		"pkg: a/b\nBenchmarkX/vec 1 1 ns/op\nBenchmarkX/n=2/kernel=backend 1 1 ns/op\n": {"X/vec", "X/n=2/kernel=backend"},
	} {
		out, err := readOutput([]byte(text), DefaultUnit, nil)
		require.NoError(t, err)
		require.Equal(t, want, rowNames(out.results, []string{"backend"}))
	}
}
