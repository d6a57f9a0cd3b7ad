package endtoend

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLoadOverTCP: the program puts a load on a server over TCP. Its exit code
// says whether the run is worth something.
func TestLoadOverTCP(t *testing.T) {
	p := serve(t)
	file := filepath.Join(t.TempDir(), "r.jsonl")
	drive := func(args ...string) (code int, text string) {
		ctx, stop := context.WithTimeout(t.Context(), patience)
		defer stop()
		args = append([]string{
			"load", "-addr", p.all[0], "-mix", "weather", "-rate", "300", "-for", "400ms", "-warmup", "100ms", "-window", "100ms",
			"-late", "10s", "-check", "1", "-o", file,
		}, args...)
		out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
		var ended *exec.ExitError
		if err != nil && !errors.As(err, &ended) {
			require.NoError(t, err)
		}
		if ended != nil {
			code = ended.ExitCode()
		}
		return code, string(out)
	}
	code, text := drive()
	require.Zero(t, code, text)
	require.Contains(t, text, "0 in flight: balances, and is what was sent")
	require.Contains(t, text, "sampled values agree with a float64 reference")
	require.Contains(t, text, "│ t3     │", "tenants")

	code, text = drive("-objective", "p50<1us")
	require.Equal(t, 1, code, text)
	require.Contains(t, text, "allowed: 1µs")

	p.kill()
	code, text = drive()
	require.Equal(t, 1, code, text)
	require.Contains(t, text, p.all[0])
}
