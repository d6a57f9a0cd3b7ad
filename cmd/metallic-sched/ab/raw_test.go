package ab

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRaw: what the sides say differently is a comment, not a configuration.
func TestRaw(t *testing.T) {
	read := func(text string) *output {
		out, err := readOutput([]byte(text), DefaultUnit, nil)
		require.NoError(t, err)
		return out
	}
	a := read("goos: linux\nbackend: mlx\nUnit flop/s better=higher\npkg: x\nBenchmarkX-2 1 5 ns/op 3 flop/s\npkg: y\nBenchmarkX-2 1 6 ns/op\n")
	b := read("goos: linux\nbackend: mps\nfast: yes\npkg: x\nBenchmarkX-2 1 7 ns/op\npkg: y\nBenchmarkX-2 1 8 ns/op\n")
	var out bytes.Buffer
	r := NewRaw(&out)
	require.NoError(t, r.begin([2]*output{a, b}))
	require.NoError(t, r.write(A, a))
	require.NoError(t, r.write(B, b))
	require.Equal(t, `# a: backend: mlx
# b: backend: mps
# b: fast: yes
Unit flop/s better=higher
goos: linux
pkg: x
side: a

BenchmarkX-2 1 5 ns/op 3 flop/s

pkg: y

BenchmarkX-2 1 6 ns/op

pkg: x
side: b

BenchmarkX-2 1 7 ns/op

pkg: y

BenchmarkX-2 1 8 ns/op
`, out.String())
	require.NoError(t, (*Raw)(nil).begin([2]*output{a, b}))
	require.NoError(t, (*Raw)(nil).write(A, a))
}
