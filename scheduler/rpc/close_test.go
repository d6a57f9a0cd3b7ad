package rpc_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
)

// A nil context is refused everywhere, and nothing is harmed. Who closes once more
// waits no longer than he may.
func TestNilContextAndCloseBesideClose(t *testing.T) {
	var none context.Context
	d, release := gated()
	r := startRig(t, rigConfig{scheduler: scheduler.Config{Device: d}})
	t.Cleanup(release)
	c := r.dial(rpc.Config{})
	h, err := c.Submit(t.Context(), softmax(8))
	require.NoError(t, err)
	_, dialed := rpc.Dial(none, r.target, rpc.Config{})
	_, named := c.Named(none, "w")
	_, shared := c.Share(none, 4096)
	_, submitted := c.Submit(none, softmax(8))
	_, together := c.SubmitAll(none, []job.Job{softmax(8)})
	for what, err := range map[string]error{
		"Dial": dialed, "Named": named, "Share": shared, "Submit": submitted, "SubmitAll": together, "Do": c.Do(none, softmax(8)),
		"DoAll": c.DoAll(none, []job.Job{softmax(8)}), "Wait": h.Wait(none), "Close": c.Close(none), "Drain": r.server.Drain(none),
	} {
		require.ErrorIs(t, err, job.ErrInvalid, what)
		require.ErrorContains(t, err, "context: nil", what)
	}
	first := make(chan error, 1)
	go func() { first <- c.Close(context.Background()) }()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	waitFor(t, func() bool { return errors.Is(c.Do(ended, softmax(8)), job.ErrClosed) }) // it has begun
	require.ErrorIs(t, c.Close(ended), context.Canceled)
	release()
	require.NoError(t, <-first)
	require.NoError(t, h.Wait(t.Context()))
	require.NoError(t, c.Close(ended))
}

// Who closes and does not wait is let go, whatever the server still does.
func TestCloseCutsShort(t *testing.T) {
	d, release := gated()
	r := startRig(t, rigConfig{scheduler: scheduler.Config{Device: d}})
	t.Cleanup(release)
	c := r.dial(rpc.Config{})
	h, err := c.Submit(context.Background(), softmax(8))
	require.NoError(t, err)
	waitFor(t, func() bool { return r.scheduler.Audit().InFlight == 1 })
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	closed := make(chan error, 1)
	go func() { closed <- c.Close(ended) }()
	waitFor(t, func() bool { return len(closed) == 1 }) // else it hangs
	require.NoError(t, <-closed)
	require.ErrorIs(t, h.Wait(t.Context()), job.ErrClosed)
}

// watched is a context that tells when it is looked at.
type watched struct {
	context.Context
	look func()
}

// Done implements context.Context.
func (w watched) Done() <-chan struct{} {
	w.look()
	return w.Context.Done()
}

// A job that was admitted before Close, and is handed over when Close has failed all
// others, ends as they do: before the connection is given up, or after that.
func TestAdmittedBesideClose(t *testing.T) {
	for _, late := range []bool{false, true} {
		d, release := gated()
		r := startRig(t, rigConfig{scheduler: scheduler.Config{Device: d}})
		t.Cleanup(release)
		c := r.dial(rpc.Config{})
		first, err := c.Submit(t.Context(), softmax(8))
		require.NoError(t, err)

		admitted, goOn, handle := make(chan struct{}), make(chan struct{}), make(chan job.Handle, 1)
		handOver := sync.OnceFunc(func() { close(goOn) })
		admit := sync.OnceFunc(func() {
			close(admitted)
			<-goOn
		})
		go func() {
			list, err := c.SubmitAll(watched{t.Context(), admit}, []job.Job{softmax(8)})
			if err != nil {
				t.Error(err)
				list = []job.Handle{{}}
			}
			handle <- list[0]
		}()
		<-admitted
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		failed := func() {
			if _, ok := first.Outcome(); ok && !late {
				handOver()
				waitFor(t, func() bool { return len(handle) == 1 })
			}
		}
		require.NoError(t, c.Close(watched{ended, failed}))
		handOver()
		h := <-handle
		waitFor(t, func() bool { _, ok := h.Outcome(); return ok })
		require.ErrorIs(t, h.Err(), job.ErrClosed)
	}
}
