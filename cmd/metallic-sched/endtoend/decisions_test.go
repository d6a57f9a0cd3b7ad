package endtoend

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

const lostWarning = "decisions cannot be written and are dropped"

// submitted has the server do one job.
func (p *process) submitted(t *testing.T) {
	t.Helper()
	status, text := fetch(t, http.DefaultClient, p.url+submitPath, nil, question)
	require.Equal(t, http.StatusOK, status, text)
}

// A full disk under the log of decisions is told once, and is no failure of a
// daemon that has answered every job.
func TestDecisionsThatCannotBeWritten(t *testing.T) {
	t.Setenv("METALLIC_METRICS_JSONL_PATH", "/dev/full")
	for _, device := range []string{"cpu", "sim:0-1"} { // one scheduler, and a fleet
		t.Run(device, func(t *testing.T) {
			p := serve(t, "-device", device)
			p.submitted(t)
			p.await(lostWarning)
			p.submitted(t)
			p.signal(syscall.SIGTERM)
			require.Zero(t, p.exit(), p.log())
			require.Len(t, p.find(lostWarning), 1)
			lost := p.await("decisions were lost")
			require.GreaterOrEqual(t, lost["dropped"], 2.0)
			require.Contains(t, lost["error"], "no space left on device")
			require.Contains(t, p.log(), `"drained"`)
		})
	}
}

// SIGHUP after a rename, as logrotate does it: decisions go on in a new file. If
// there can be none they go on in the old one, which the log says.
func TestDecisionsAreRotated(t *testing.T) {
	const batch = `"kind":"batch"`
	dir := filepath.Join(t.TempDir(), "log")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "decisions.jsonl")
	t.Setenv("METALLIC_METRICS_JSONL_PATH", path)
	p := serve(t)
	p.submitted(t)
	require.Eventually(t, func() bool { // the answer may come before the record
		text, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(text), batch)
	}, patience, poll)
	require.NoError(t, os.Rename(path, path+".1"))
	p.signal(syscall.SIGHUP)
	p.await("reloaded")
	p.submitted(t)
	require.NoError(t, os.Rename(dir, dir+".gone"))
	p.signal(syscall.SIGHUP)
	p.await("the log of decisions was not opened again, or the old one not closed")
	p.submitted(t)
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.exit(), p.log())
	batches := 0
	for _, name := range []string{"decisions.jsonl.1", "decisions.jsonl"} {
		text, err := os.ReadFile(filepath.Join(dir+".gone", name))
		require.NoError(t, err)
		n := strings.Count(string(text), batch)
		require.Positive(t, n, name)
		require.True(t, strings.HasSuffix(string(text), "}\n"))
		batches += n
	}
	require.Equal(t, 3, batches)
}
