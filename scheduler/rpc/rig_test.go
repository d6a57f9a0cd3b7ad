package rpc_test

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// rig is a server of its own, on a unix socket or on TCP.
type rig struct {
	t         testing.TB
	scheduler *scheduler.Scheduler
	server    *server.Server
	http      *http.Server
	target    string
	listener  net.Listener
	beside    *net.UnixListener
}

// rigConfig says what the rig is made of.
type rigConfig struct {
	scheduler scheduler.Config
	server    server.Config
	address   string // a path of a unix socket, or of TCP; "": a socket of its own
	tcp       bool
	wrap      func(http.Handler) http.Handler           // the server's; nil: as it is
	over      func(scheduler.Service) scheduler.Service // what the server has of it; nil: as it is
}

func startRig(t testing.TB, cfg rigConfig) *rig {
	t.Helper()
	feed := &metrics.Feed{}
	if cfg.scheduler.Recorder == nil && cfg.server.Feed == nil {
		cfg.scheduler.Recorder, cfg.server.Feed = feed, feed
	}
	if cfg.scheduler.DeviceName == "" && cfg.scheduler.Device == nil {
		cfg.scheduler.DeviceName = "cpu"
	}
	s, err := scheduler.Open(context.Background(), cfg.scheduler)
	require.NoError(t, err)
	if cfg.server.Scheduler = s; cfg.over != nil {
		cfg.server.Scheduler = cfg.over(s)
	}
	srv, err := server.New(cfg.server)
	require.NoError(t, err)
	r := &rig{t: t, scheduler: s, server: srv}
	r.listen(cfg)
	t.Cleanup(r.stop)
	return r
}

func (r *rig) listen(cfg rigConfig) {
	var err error
	if cfg.tcp {
		r.listener, err = net.Listen("tcp", "127.0.0.1:0")
		require.NoError(r.t, err)
		r.target = "http://" + r.listener.Addr().String()
	} else {
		path := cfg.address
		if path == "" {
			path = filepath.Join(r.t.TempDir(), "s")
		}
		r.listener, err = net.Listen("unix", path)
		require.NoError(r.t, err)
		r.beside, err = net.ListenUnix("unix", &net.UnixAddr{Name: path + server.SharedSuffix, Net: "unix"})
		require.NoError(r.t, err)
		go func() { _ = r.server.ServeShared(r.beside) }()
		r.target = "unix://" + path
	}
	handler := r.server.Handler()
	if cfg.wrap != nil {
		handler = cfg.wrap(handler)
	}
	r.http = &http.Server{Handler: handler, Protocols: server.Protocols(), HTTP2: server.HTTP2()}
	go func() { _ = r.http.Serve(r.listener) }()
}

// stop ends the server at once, as a crash would.
func (r *rig) stop() {
	if r.beside != nil {
		_ = r.beside.Close()
	}
	_ = r.http.Close()
	require.NoError(r.t, r.server.Close())
	require.NoError(r.t, r.scheduler.Close(context.Background()))
}

// dial returns a client that is closed at the end of the test.
func (r *rig) dial(cfg rpc.Config) *rpc.Client {
	r.t.Helper()
	c, err := rpc.Dial(r.t.Context(), r.target, cfg)
	require.NoError(r.t, err)
	r.t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		require.NoError(r.t, c.Close(ctx))
	})
	return c
}
