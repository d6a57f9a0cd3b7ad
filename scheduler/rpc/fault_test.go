package rpc_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// cable is a connection between client and server that can be cut.
type cable struct {
	listener net.Listener
	to       string
	mu       sync.Mutex
	conns    []net.Conn
}

func newCable(t *testing.T, to string) (target string, c *cable) {
	path := filepath.Join(t.TempDir(), "c")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	c = &cable{listener: l, to: to}
	go c.carry()
	t.Cleanup(func() {
		_ = l.Close()
		c.cut()
	})
	return "unix://" + path, c
}

func (c *cable) carry() {
	for {
		in, err := c.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("unix", c.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		c.mu.Lock()
		c.conns = append(c.conns, in, out)
		c.mu.Unlock()
		pipe := func(dst, src net.Conn) {
			_, _ = io.Copy(dst, src)
			_ = dst.Close()
			_ = src.Close()
		}
		go pipe(in, out)
		go pipe(out, in)
	}
}

// cut breaks every connection there is.
func (c *cable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// A connection that breaks again and again costs no job and runs none twice.
func TestConnectionsBreakMidStream(t *testing.T) {
	const callers, rounds, n = 8, 60, 16
	r := startRig(t, rigConfig{})
	target, cable := newCable(t, r.listener.Addr().String())
	r.target = target
	c := r.dial(rpc.Config{RetryFor: time.Minute})
	w, err := c.Load(tensor.Matrix(numbers(n*n, 1), n, n))
	require.NoError(t, err)

	stop := make(chan struct{})
	var cutter, all sync.WaitGroup
	cutter.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(3 * time.Millisecond):
				cable.cut()
			}
		}
	})
	var done atomic.Int64
	for i := range callers {
		all.Go(func() {
			for round := range rounds {
				// C = 2C must be done once.
				y := numbers(n, uint64(i))
				want := numbers(n, uint64(i))
				j := &job.Matmul{A: w.View(), B: tensor.Vector(make([]float32, n)), C: tensor.Vector(y), Scale: job.AlphaBeta(1, 2)}
				if err := c.Do(context.Background(), j); err != nil {
					t.Errorf("round %d: %v", round, err)
					return
				}
				done.Add(1)
				for k := range y {
					if y[k] != 2*want[k] {
						t.Errorf("C was written other than once")
						return
					}
				}
			}
		})
	}
	all.Wait()
	close(stop)
	cutter.Wait()
	require.Equal(t, int64(callers*rounds), done.Load())
	audit := r.scheduler.Audit()
	require.Equal(t, int64(callers*rounds), audit.Done, "%+v", audit) // none ran twice
	require.True(t, c.Audit().Balances())
}

// The Hello of a connection that broke is read after that of the one that replaced
// it, which is what a busy server may do: no job is lost by it.
func TestHelloComesLate(t *testing.T) {
	session := rand.Text()
	r := startRig(t, rigConfig{})
	c := r.dial(rpc.Config{Session: session, RetryFor: time.Minute})
	require.NoError(t, c.Do(t.Context(), softmax(8)))
	for range 3 {
		ctx, cut := context.WithCancel(t.Context())
		hello(t, c.Jobs.SubmitStream(ctx), session)
		cut()
		require.NoError(t, c.Do(t.Context(), softmax(8)))
		require.NoError(t, c.Do(t.Context(), softmax(8)))
	}
	require.EqualValues(t, 7, r.scheduler.Audit().Done)
}

// Jobs by a stream that is not the session's newest end it with an error that tells
// to send them by another. Nothing of them ran.
func TestOlderStreamEnds(t *testing.T) {
	session := rand.Text()
	r := startRig(t, rigConfig{})
	c := r.dial(rpc.Config{})
	older, newer := c.Jobs.SubmitStream(t.Context()), c.Jobs.SubmitStream(t.Context())
	hello(t, older, session)
	hello(t, newer, session)
	one := dot(1)
	jobs := &pb.SubmitStreamRequest{Jobs: []*pb.Job{one}}
	require.NoError(t, older.Send(jobs))
	_, err := older.Receive()
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err))
	err = wire.Failed(err, time.Now())
	require.ErrorIs(t, err, job.ErrDisconnected)
	require.ErrorContains(t, err, "newer stream")
	_, again := job.Retryable(err)
	require.True(t, again)
	require.Zero(t, r.scheduler.Audit().Submitted)

	one.Retry = true
	require.NoError(t, newer.Send(jobs))
	m, err := newer.Receive()
	require.NoError(t, err)
	require.Nil(t, m.GetResults()[0].GetError())
}

// hello opens a raw stream of a session.
func hello(t *testing.T, s *connect.BidiStreamForClient[pb.SubmitStreamRequest, pb.SubmitStreamResponse], session string) {
	t.Helper()
	require.NoError(t, s.Send(&pb.SubmitStreamRequest{Hello: &pb.Hello{Session: session}}))
	m, err := s.Receive()
	require.NoError(t, err)
	require.NotNil(t, m.GetWelcome())
}

// Without patience a broken connection is an error that says so.
func TestDisconnectedIsTyped(t *testing.T) {
	d, release := gated()
	r := startRig(t, rigConfig{scheduler: scheduler.Config{Device: d}})
	t.Cleanup(release)
	target, cable := newCable(t, r.listener.Addr().String())
	r.target = target
	c, err := rpc.Dial(t.Context(), r.target, rpc.Config{RetryFor: -1})
	require.NoError(t, err)
	h, err := c.Submit(t.Context(), softmax(8))
	require.NoError(t, err)
	waitFor(t, func() bool { return r.scheduler.Audit().InFlight == 1 })
	_ = cable.listener.Close()
	cable.cut()
	err = h.Wait(t.Context())
	require.ErrorIs(t, err, job.ErrDisconnected)
	_, retry := job.Retryable(err)
	require.True(t, retry)
	require.ErrorIs(t, c.Do(t.Context(), softmax(8)), job.ErrDisconnected)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	require.NoError(t, c.Close(ctx))

	_, err = rpc.Dial(t.Context(), r.target, rpc.Config{})
	require.ErrorIs(t, err, job.ErrDisconnected)
	_, err = rpc.Dial(t.Context(), "ftp://x", rpc.Config{})
	require.ErrorIs(t, err, job.ErrInvalid)
}

// gated is a device that runs nothing before release is called.
func gated() (d *sim.Device, release func()) {
	gate := make(chan struct{})
	d = sim.Open(sim.Config{Time: func(*device.Batch) time.Duration {
		<-gate
		return 0
	}})
	return d, sync.OnceFunc(func() { close(gate) })
}

func softmax(n int) *job.Softmax { return &job.Softmax{X: tensor.Matrix(make([]float32, n), 1, n)} }

// waitFor polls what is not told by anybody.
func waitFor(t testing.TB, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 10*time.Second, time.Millisecond)
}

// A server that is another run than before runs jobs that it was never told of,
// and those that name operands which are gone end with what can be done about it.
func TestServerRestarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	open := func() (*scheduler.Scheduler, *server.Server, *rig) {
		r := &rig{t: t}
		var err error
		r.scheduler, err = scheduler.Open(t.Context(), scheduler.Config{DeviceName: "cpu"})
		require.NoError(t, err)
		r.server, err = server.New(server.Config{Scheduler: r.scheduler})
		require.NoError(t, err)
		r.listen(rigConfig{address: path})
		return r.scheduler, r.server, r
	}
	_, _, first := open()
	c := first.dial(rpc.Config{RetryFor: time.Minute})
	weights := tensor.Matrix(numbers(16, 1), 4, 4)
	w, err := c.Load(weights)
	require.NoError(t, err)
	product := func() *job.Matmul {
		return &job.Matmul{A: tensor.Matrix(numbers(4, 1), 1, 4), B: w.T(), C: tensor.Matrix(make([]float32, 4), 1, 4)}
	}
	use := func() error { return c.Do(t.Context(), product()) }
	lost := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, job.ErrRestarted)
		require.EqualError(t, err, "job: server was restarted: it no longer has B, an operand of f32 [1 4 4]; Update it with its contents, or Load them again")
		var e *job.RestartedError
		require.ErrorAs(t, err, &e)
		require.Same(t, w, e.Operand)
		_, retry := job.Retryable(err)
		require.False(t, retry)
	}
	require.NoError(t, use())
	first.stop()

	h, err := c.Submit(t.Context(), softmax(8)) // waits for a server
	require.NoError(t, err)
	needs, err := c.Submit(t.Context(), product())
	require.NoError(t, err)
	_, _, second := open()
	defer second.stop()
	require.NoError(t, h.Wait(t.Context()))
	lost(needs.Wait(t.Context()))
	lost(use())
	require.NoError(t, w.Update(weights))
	require.NoError(t, use())

	second.stop()
	_, _, third := open()
	defer third.stop()
	waitFor(t, func() bool { return errors.Is(use(), job.ErrRestarted) })
	w, err = c.Load(weights)
	require.NoError(t, err)
	require.NoError(t, use())
	require.NoError(t, c.Close(t.Context()))
}

// A client that is closed says so, whatever else a job lacks.
func TestClosedBesideRestarted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	r := startRig(t, rigConfig{address: path})
	c := r.dial(rpc.Config{RetryFor: time.Minute})
	w, err := c.Load(tensor.Matrix(numbers(16, 1), 4, 4))
	require.NoError(t, err)
	use := func() error {
		return c.Do(t.Context(), &job.Matmul{A: w.View(), B: tensor.Vector(numbers(4, 1)), C: tensor.Vector(make([]float32, 4))})
	}
	r.stop()
	startRig(t, rigConfig{address: path})
	waitFor(t, func() bool { return errors.Is(use(), job.ErrRestarted) })
	require.NoError(t, c.Close(t.Context()))
	require.ErrorIs(t, use(), job.ErrClosed)
}

// A draining server ends what it has, refuses the rest and says so.
func TestDrain(t *testing.T) {
	d, release := gated()
	r := startRig(t, rigConfig{scheduler: scheduler.Config{Device: d}})
	c := r.dial(rpc.Config{RetryFor: -1})
	h, err := c.Submit(t.Context(), softmax(8))
	require.NoError(t, err)
	waitFor(t, func() bool { return r.scheduler.Audit().InFlight == 1 })
	drained := make(chan error, 1)
	go func() { drained <- r.server.Drain(t.Context()) }()
	waitFor(t, r.server.Draining)

	err = c.Do(t.Context(), softmax(8))
	require.ErrorIs(t, err, job.ErrDraining)
	_, retry := job.Retryable(err)
	require.True(t, retry)
	release()
	require.NoError(t, h.Wait(t.Context()))
	require.NoError(t, <-drained)
}

// When a caller gives up, so does the server.
func TestCancelReachesTheServer(t *testing.T) {
	d, release := gated()
	r := startRig(t, rigConfig{scheduler: scheduler.Config{Device: d}})
	t.Cleanup(release)
	c := r.dial(rpc.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Do(ctx, softmax(8)) }()
	h, err := c.Submit(t.Context(), softmax(8))
	require.NoError(t, err)
	waitFor(t, func() bool { return r.scheduler.Audit().InFlight == 2 })
	cancel()
	require.ErrorIs(t, <-ended, job.ErrCancelled)
	h.Cancel()
	waitFor(t, func() bool { return r.scheduler.Audit().Cancelled == 2 })

	late := softmax(8)
	late.Deadline = time.Now().Add(20 * time.Millisecond)
	require.ErrorIs(t, c.Do(t.Context(), late), job.ErrExpired)
	waitFor(t, func() bool { return r.scheduler.Audit().Expired+r.scheduler.Audit().Cancelled == 3 })
}

// Jobs that wait for room get it; those that do not are refused with a hint.
func TestQueueFull(t *testing.T) {
	d, release := gated()
	r := startRig(t, rigConfig{scheduler: scheduler.Config{Device: d, Limits: job.Limits{Jobs: 1}}})
	c := r.dial(rpc.Config{})
	h, err := c.Submit(t.Context(), softmax(8))
	require.NoError(t, err)
	waitFor(t, func() bool { return r.scheduler.Audit().InFlight == 1 })

	var full *job.QueueFullError
	require.ErrorAs(t, c.Do(t.Context(), softmax(8)), &full)
	require.Equal(t, int64(1), full.Max)
	patient := softmax(8)
	patient.Wait = true
	ended := make(chan error, 1)
	go func() { ended <- c.Do(t.Context(), patient) }()
	waitFor(t, func() bool { return r.scheduler.Audit().Rejected >= 3 })
	release()
	require.NoError(t, h.Wait(t.Context()))
	require.NoError(t, <-ended)
}

// A client keeps the server's limits, and says what they are.
func TestServerLimits(t *testing.T) {
	r := startRig(t, rigConfig{server: server.Config{Limits: server.Limits{Jobs: 3, MessageBytes: 8 << 10}}})
	c := r.dial(rpc.Config{})
	manyEnd(t, c, 8)
	group := []job.Job{softmax(8), softmax(8), softmax(8)}
	require.NoError(t, c.DoAll(t.Context(), group))
	require.ErrorContains(t, c.DoAll(t.Context(), append(group, softmax(8))), "up to 3 together")
	require.ErrorContains(t, c.DoAll(t.Context(), []job.Job{softmax(800), softmax(800), softmax(800)}), "8192 bytes")
	require.ErrorContains(t, c.Do(t.Context(), softmax(4096)), "allowed: up to")
}

// Jobs that fit one at a time are sent in messages that do.
func TestMessagesFit(t *testing.T) {
	r := startRig(t, rigConfig{server: server.Config{Limits: server.Limits{MessageBytes: 16 << 10}}})
	c := r.dial(rpc.Config{})
	manyEnd(t, c, 1024)
}

// What was accepted before a drain is answered before the server is gone, under
// load as well.
func TestDrainUnderLoadLosesNothing(t *testing.T) {
	r := startRig(t, rigConfig{})
	c := r.dial(rpc.Config{RetryFor: -1})
	var done, refused atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for {
				err := c.Do(context.Background(), softmax(64))
				if errors.Is(err, job.ErrDraining) || errors.Is(err, job.ErrDisconnected) {
					refused.Add(1)
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	waitFor(t, func() bool { return done.Load() > 200 })
	require.NoError(t, r.server.Drain(t.Context()))
	require.NoError(t, r.server.Close())
	all.Wait()
	require.Equal(t, int64(16), refused.Load())
	require.Equal(t, r.scheduler.Audit().Done, done.Load())
}

// Calls that are cancelled while they are sent: a message is not touched then.
func TestCancelWhileBeingSent(t *testing.T) {
	r := startRig(t, rigConfig{})
	c := r.dial(rpc.Config{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 40 {
				h, err := c.Submit(t.Context(), softmax(1<<17))
				if err != nil {
					t.Error(err)
					return
				}
				h.Cancel()
				if err := h.Wait(t.Context()); err != nil && !errors.Is(err, job.ErrCancelled) {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	waitFor(t, func() bool { return r.scheduler.Audit().InFlight == 0 })
}

// manyEnd submits many rows before it waits for the first.
func manyEnd(t *testing.T, c *rpc.Client, length int) {
	t.Helper()
	var handles []job.Handle
	for range 50 {
		h, err := c.Submit(t.Context(), softmax(length))
		require.NoError(t, err)
		handles = append(handles, h)
	}
	for _, h := range handles {
		require.NoError(t, h.Wait(t.Context()))
	}
}
