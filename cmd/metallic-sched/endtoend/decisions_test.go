package endtoend

import (
	"net/http"
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
