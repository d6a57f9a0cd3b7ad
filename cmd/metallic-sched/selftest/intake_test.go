package selftest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a library prints between the events does no harm.
func TestIntake(t *testing.T) {
	var said []string
	i := &intake{part: PartBenchmark, transcript: newTranscript(), runner: &Runner{
		Scrub: strings.ToUpper, Progress: func(_ Part, what string) { said = append(said, what) },
	}}
	for _, line := range []string{`{"progress":"a"}`, "MTLCompilerService says hello", `{"result":{"rates":[{"error":"bad"}]},"error":"lost"}`} {
		i.line(line)
	}
	require.Equal(t, []string{"a"}, said)
	require.Equal(t, []string{"MTLCompilerService says hello"}, i.transcript.rest)
	r := &Report{}
	require.Equal(t, Failed, i.settle(r))
	require.EqualError(t, i.err, "lost")
	require.Equal(t, "a", i.doing)
	require.Equal(t, "BAD", r.Benchmark.Rates[0].Error)
	i.result = []byte(`[]`)
	require.Equal(t, Failed, i.settle(r))
	require.ErrorContains(t, i.err, "cannot be read")
}
