package rpc_test

import (
	"context"
	"crypto/rand"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// reopen waits until a server knows no session but that of c, and opens one with a call.
func reopen(c *rpc.Client, session string) error {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second) // else it hangs
	defer stop()
	for known := int64(0); known != 1; {
		m, err := c.Scheduler.Status(ctx, connect.NewRequest(&pb.StatusRequest{}))
		if err != nil {
			return err
		}
		known = m.Msg.GetSessions()
	}
	_, err := c.Operands.Release(ctx, connect.NewRequest(&pb.ReleaseRequest{Session: session, Operand: 77}))
	if connect.CodeOf(err) != connect.CodeFailedPrecondition {
		return err
	}
	return nil
}

// A session that was forgotten is not taken for the same when a call has opened it again
// before the client comes back with its stream: what it loaded is gone.
func TestSessionIsForgottenAndOpenedByACall(t *testing.T) {
	session := rand.Text()
	var beside *rpc.Client
	var away atomic.Bool
	r := startRig(t, rigConfig{server: server.Config{Detach: 200 * time.Millisecond}, wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if strings.HasSuffix(q.URL.Path, "/SubmitStream") && away.Load() {
				if err := reopen(beside, session); err != nil {
					t.Error(err)
				}
			}
			next.ServeHTTP(w, q)
		})
	}})
	beside = r.dial(rpc.Config{})
	target, cable := newCable(t, r.listener.Addr().String())
	r.target = target
	c := r.dial(rpc.Config{Session: session, RetryFor: time.Minute})
	w, err := c.Load(tensor.Matrix(numbers(16, 1), 4, 4))
	require.NoError(t, err)
	use := func() error {
		return c.Do(t.Context(), &job.Matmul{A: w.View(), B: tensor.Vector(numbers(4, 1)), C: tensor.Vector(make([]float32, 4))})
	}
	require.NoError(t, use())
	away.Store(true)
	cable.cut()
	require.ErrorIs(t, use(), job.ErrRestarted)
}

// The server of a Welcome is the same as long as the session is, and another when it was
// forgotten meanwhile.
func TestWelcomeTellsForgottenSessions(t *testing.T) {
	welcome := func(c *rpc.Client) *pb.Welcome {
		s := c.Jobs.SubmitStream(t.Context())
		require.NoError(t, s.Send(&pb.SubmitStreamRequest{Hello: &pb.Hello{Session: someone}}))
		m, err := s.Receive()
		require.NoError(t, err)
		require.NoError(t, s.CloseRequest())
		_, err = s.Receive()
		require.ErrorIs(t, err, io.EOF)
		return m.GetWelcome()
	}
	lasting := startRig(t, rigConfig{}).dial(rpc.Config{})
	before, after := welcome(lasting), welcome(lasting)
	require.True(t, after.GetResumed())
	require.Equal(t, before.GetServer(), after.GetServer())

	expiring := startRig(t, rigConfig{server: server.Config{Detach: 200 * time.Millisecond}}).dial(rpc.Config{})
	before = welcome(expiring)
	require.NoError(t, reopen(expiring, someone))
	after = welcome(expiring)
	require.NotEqual(t, before.GetServer(), after.GetServer())
}
