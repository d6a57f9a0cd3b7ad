package endtoend

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// SIGTERM under load: every job that was accepted is done and told, every other
// one is refused with an error that says to retry, and the exit code is 0.
func TestDrainUnderLoad(t *testing.T) {
	p := serve(t)
	var loads []*load
	for range 4 {
		c := p.dial(rpc.Config{RetryFor: -1})
		w, err := c.Load(tensor.Matrix(weights(), side, side))
		require.NoError(t, err)
		loads = append(loads, startLoad(c, w.View(), 16, job.Options{}))
	}
	for _, l := range loads {
		l.reach(t, 100)
	}
	stop := make(chan struct{})
	var json sync.WaitGroup
	var answered, refused atomic.Int64
	json.Go(func() { askUntilRefused(t, p, stop, &answered, &refused) })
	require.Eventually(t, func() bool { return answered.Load() > 10 }, patience, poll)
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.exit(), p.log())
	close(stop)
	json.Wait()
	done := int64(0)
	for _, l := range loads {
		l.callers.Wait()
		done += l.done.Load()
		for _, err := range l.failures() {
			_, again := job.Retryable(err)
			require.True(t, again, "%v", err)
			require.NotErrorIs(t, err, job.ErrOutcomeUnknown, "a job that was accepted is lost")
		}
	}
	require.Contains(t, p.log(), `"drained"`)
	t.Logf("%d jobs done on streams, %d by JSON, %d refused by JSON", done, answered.Load(), refused.Load())
}

// askUntilRefused sends jobs as JSON until it is told to stop or nobody listens.
// Whoever does answers them, or says that they may be sent elsewhere.
func askUntilRefused(t *testing.T, p *process, stop chan struct{}, answered, refused *atomic.Int64) {
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	for {
		select {
		case <-stop:
			return
		default:
		}
		r, err := client.Post(p.url+submitPath, "application/json", strings.NewReader(question))
		if err != nil { // no longer listening
			return
		}
		text, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		switch {
		case err != nil:
			t.Errorf("an answer was cut short: %v", err)
		case r.StatusCode == http.StatusOK && strings.Contains(string(text), answer):
			answered.Add(1)
		case r.StatusCode == http.StatusServiceUnavailable && strings.Contains(string(text), "draining"):
			refused.Add(1)
		default:
			t.Errorf("status %d: %s", r.StatusCode, text)
			return
		}
	}
}

// What does not end within the bound is cut off, and the exit code tells.
func TestDrainIsBounded(t *testing.T) {
	const n = 2048 // one product takes the cpu device a second or so
	p := serve(t, "-drain", "1ms")
	c := p.dial(rpc.Config{RetryFor: -1})
	var handles []job.Handle
	a := tensor.Matrix(make([]float32, n*n), n, n)
	for range 8 {
		h, err := c.Submit(t.Context(), &job.Matmul{A: a, B: a, C: tensor.Matrix(make([]float32, n*n), n, n)})
		require.NoError(t, err)
		handles = append(handles, h)
	}
	require.Eventually(t, func() bool { return p.metric("jobs_in_flight") > 0 }, patience, poll)
	p.signal(syscall.SIGTERM)
	require.Equal(t, 1, p.exit(), p.log())
	require.Contains(t, p.log(), "jobs were cut off")
	for _, h := range handles {
		if err := h.Wait(t.Context()); err != nil {
			require.NotErrorIs(t, err, job.ErrInvalid)
		}
	}
}

// While it drains it is not ready, but alive.
func TestNotReadyWhileDraining(t *testing.T) {
	p := serve(t, "-drain", "20s")
	const n = 2048
	a := tensor.Matrix(make([]float32, n*n), n, n)
	c := p.dial(rpc.Config{RetryFor: -1})
	var handles []job.Handle
	for range 8 {
		h, err := c.Submit(t.Context(), &job.Matmul{A: a, B: a, C: tensor.Matrix(make([]float32, n*n), n, n)})
		require.NoError(t, err)
		handles = append(handles, h)
	}
	require.Eventually(t, func() bool { return p.metric("jobs_in_flight") > 0 }, patience, poll)
	p.signal(syscall.SIGTERM)
	p.await("draining")
	status, text := p.get("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "draining\n", text)
	status, _ = p.get("/healthz")
	require.Equal(t, http.StatusOK, status)
	for _, h := range handles { // what was accepted is done, what was on its way is not lost
		if err := h.Wait(t.Context()); err != nil {
			require.ErrorIs(t, err, job.ErrDraining)
		}
	}
	require.Zero(t, p.exit(), p.log())
}

// The second signal does not wait.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	p := serve(t, "-drain", "10m")
	const n = 2048
	a := tensor.Matrix(make([]float32, n*n), n, n)
	c := p.dial(rpc.Config{RetryFor: -1})
	for range 8 {
		_, err := c.Submit(t.Context(), &job.Matmul{A: a, B: a, C: tensor.Matrix(make([]float32, n*n), n, n)})
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return p.metric("jobs_in_flight") > 0 }, patience, poll)
	p.signal(syscall.SIGTERM)
	p.await("draining")
	start := time.Now()
	p.signal(syscall.SIGTERM)
	require.Equal(t, -1, p.exit(), "ended by the signal: %s", p.log())
	require.Less(t, time.Since(start), patience)
}
