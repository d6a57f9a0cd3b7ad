package endtoend

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// metric returns the sum of a metric's series.
func (p *process) metric(name string) (sum float64) {
	p.t.Helper()
	status, text := p.get("/metrics")
	require.Equal(p.t, http.StatusOK, status)
	found := regexp.MustCompile(`(?m)^metallic_sched_`+name+`(?:\{[^\n]*\})? (\S+)$`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(p.t, found, name)
	for _, m := range found {
		n, err := strconv.ParseFloat(m[1], 64)
		require.NoError(p.t, err)
		sum += n
	}
	return sum
}

// startClient starts another process that puts a load on the server.
func startClient(t *testing.T, target string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), clientVariable+"="+target)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "loading\n", line)
	return cmd
}

// A client is killed in the middle of its load. Others do not notice, and what
// it held is given back: its connection, its jobs, and in a while its session.
func TestAClientIsKilled(t *testing.T) {
	p := serve(t)
	c := p.dial(rpc.Config{Tenant: "other"})
	w, err := c.Load(tensor.Matrix(weights(), side, side))
	require.NoError(t, err)
	l := startLoad(c, w.View(), 4, job.Options{})
	doomed := startClient(t, p.url)
	require.Eventually(t, func() bool { return p.metric("streams") == 2 }, patience, 50*time.Millisecond)
	l.reach(t, 100)
	require.NoError(t, doomed.Process.Signal(syscall.SIGKILL))
	l.reach(t, 500)
	require.Eventually(t, func() bool { return p.metric("streams") == 1 }, patience, 50*time.Millisecond, "its stream ends")
	require.Empty(t, l.end())
	require.Eventually(t, func() bool { return p.metric("jobs_in_flight") == 0 }, patience, 50*time.Millisecond, "its jobs end")
	status, text := p.get("/readyz")
	require.Equal(t, http.StatusOK, status, text)
}

// The server is killed in the middle of a load. Its clients get errors that say
// what to do; started again, with operands from a file, it goes on with them.
func TestTheServerIsKilled(t *testing.T) {
	file := weightsFile(t)
	p := serve(t, "-operands", file)
	address := p.all[0]
	c := p.dial(rpc.Config{RetryFor: 100 * time.Millisecond})
	w, err := c.Named(t.Context(), "w")
	require.NoError(t, err)
	l := startLoad(c, w.View(), 8, job.Options{})
	l.reach(t, 200)
	p.signal(syscall.SIGKILL)
	require.Equal(t, -1, p.exit())
	l.callers.Wait() // each got an error, or it would go on for ever
	require.Len(t, l.failures(), 8)
	for _, err := range l.failures() {
		if _, again := job.Retryable(err); !again {
			require.ErrorIs(t, err, job.ErrOutcomeUnknown, "an error that can be retried, or one that says why not: %v", err)
		}
	}

	again := serve(t, "-operands", file, "-listen", address)
	require.Eventually(t, func() bool {
		return product(t.Context(), c, w.View(), 7, job.Options{}) == nil
	}, patience, 50*time.Millisecond, "the same client and operand work with the new server")
	require.EqualValues(t, 1, again.metric("operands_named"))
}

// A client that is patient does not even notice.
func TestARestartGoesUnnoticed(t *testing.T) {
	file := weightsFile(t)
	p := serve(t, "-operands", file)
	address := p.all[0]
	c := p.dial(rpc.Config{RetryFor: patience})
	w, err := c.Named(t.Context(), "w")
	require.NoError(t, err)
	l := startLoad(c, w.View(), 4, job.Options{})
	l.reach(t, 100)
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.exit(), p.log())
	serve(t, "-operands", file, "-listen", address)
	l.reach(t, 100)
	require.Empty(t, l.end())
}
