package rpc_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// lines are written by any goroutine.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A drain that an admin asks for is logged, once, with who asked.
func TestADrainIsLogged(t *testing.T) {
	var log lines
	r := startRig(t, rigConfig{tcp: true, server: server.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}})
	c := r.dial(rpc.Config{})
	for range 2 {
		_, err := c.Admin.Drain(t.Context(), connect.NewRequest(&pb.DrainRequest{}))
		require.NoError(t, err)
	}
	require.Equal(t, 1, strings.Count(log.String(), "msg=draining why=AdminService.Drain tenant=\"\" from=127.0.0.1:"), log.String())
	require.Contains(t, log.String(), "in_flight=0")
}

// A timeout that makes no sense is refused before anything is drained.
func TestADrainWithATimeoutBelowZero(t *testing.T) {
	r := startRig(t, rigConfig{})
	_, err := r.dial(rpc.Config{}).Admin.Drain(t.Context(), connect.NewRequest(&pb.DrainRequest{TimeoutNs: -5}))
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
	require.ErrorContains(t, err, "timeout_ns: -5; allowed: 0 for none, or more")
	require.False(t, r.server.Draining())
}

// holding is a service that takes no job before it may.
type holding struct {
	scheduler.Service
	asked, goOn chan struct{}
}

// SubmitEach implements scheduler.Service.
func (h holding) SubmitEach(ctx context.Context, each []scheduler.Each, told func(i int)) {
	close(h.asked)
	<-h.goOn
	h.Service.SubmitEach(ctx, each, told)
}

// A drain waits for jobs that are on their way to the scheduler, which does not know them
// yet.
func TestDrainWaitsForJobsBeingTaken(t *testing.T) {
	asked, goOn := make(chan struct{}), make(chan struct{})
	r := startRig(t, rigConfig{over: func(s scheduler.Service) scheduler.Service { return holding{s, asked, goOn} }})
	h, err := r.dial(rpc.Config{RetryFor: -1}).Submit(t.Context(), softmax(8))
	require.NoError(t, err)
	<-asked
	require.Zero(t, r.scheduler.Audit().InFlight)
	ctx, stop := context.WithCancel(t.Context())
	drained := make(chan error, 1)
	go func() { drained <- r.server.Drain(ctx) }()
	waitFor(t, r.server.Draining)
	stop()
	require.ErrorIs(t, <-drained, context.Canceled)
	close(goOn)
	require.NoError(t, r.server.Drain(t.Context()))
	require.EqualValues(t, 1, r.scheduler.Audit().Done)
	require.NoError(t, h.Wait(t.Context()))
}
