package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// serveCommand is a scheduler that many processes share.
type serveCommand struct {
	Listen   string   `default:"127.0.0.1:7733" help:"HOST:PORT, or unix:PATH for a socket that only this user may use."`
	Operands []string `type:"existingfile" help:"Files of .safetensors whose tensors jobs may name."`
	Device   string   `help:"auto, metal, cuda, cpu or sim, instead of METALLIC_DEVICE."`
}

// Run implements the command.
func (c serveCommand) Run(ctx context.Context, s streams) error {
	cfg, err := environment(c.Device)
	if err != nil {
		return err
	}
	log, feed := slog.New(slog.NewTextHandler(s.err, nil)), &metrics.Feed{}
	cfg.Logger = log
	if cfg.Recorder == nil {
		cfg.Recorder = feed
	} else {
		cfg.Recorder = metrics.Multi{cfg.Recorder, feed}
	}
	jobs, err := scheduler.Open(ctx, cfg)
	if err != nil {
		return err
	}
	srv, err := server.New(server.Config{Scheduler: jobs, Feed: feed, Logger: log})
	if err == nil {
		err = errors.Join(c.serve(ctx, srv, log), srv.Close())
	}
	return errors.Join(err, jobs.Close(context.WithoutCancel(ctx)))
}

// serve answers until ctx ends, then drains.
func (c serveCommand) serve(ctx context.Context, srv *server.Server, log *slog.Logger) error {
	for _, path := range c.Operands {
		n, err := srv.AddFile(path)
		if err != nil {
			return err
		}
		log.Info("operands", "file", path, "tensors", n)
	}
	l, err := listen(c.Listen)
	if err != nil {
		return err
	}
	if path, unix := socketPath(c.Listen); unix {
		stop, err := shareMemory(srv, path+server.SharedSuffix, log)
		if err != nil {
			return errors.Join(err, l.Close())
		}
		defer stop()
	}
	h := &http.Server{
		Handler: named(srv.Handler()), Protocols: server.Protocols(), HTTP2: server.HTTP2(), ReadHeaderTimeout: headerTime,
	}
	log.Info("listening", "address", l.Addr().String())
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	log.Info("draining")
	late, stop := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer stop()
	return errors.Join(srv.Drain(late), srv.Close(), h.Shutdown(late), h.Close())
}

const (
	headerTime = 10 * time.Second // for the headers of a request to arrive
	drainTime  = 30 * time.Second
)

// listen opens HOST:PORT, or unix:PATH. A socket that nobody listens on any more
// is replaced.
func listen(address string) (net.Listener, error) {
	path, unix := socketPath(address)
	if !unix {
		return listenTCP(address)
	}
	if path == "" {
		return nil, wrongUsage("--listen %s: allowed are HOST:PORT and unix:PATH", address)
	}
	return listenUnix(path)
}

// socketPath returns the path of unix:PATH, which may have slashes before it.
func socketPath(address string) (path string, unix bool) {
	path, unix = strings.CutPrefix(address, "unix:")
	return strings.TrimPrefix(path, "//"), unix
}

// listenUnix opens a socket that only this user may use.
func listenUnix(path string) (*net.UnixListener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(path, 0o600)
}

// shareMemory hands out shared memory beside a server's socket.
func shareMemory(srv *server.Server, path string, log *slog.Logger) (stop func(), err error) {
	l, err := listenUnix(path)
	if err != nil {
		return nil, err
	}
	go func() {
		if err := srv.ServeShared(l); err != nil {
			log.Error("no more shared memory is handed out", "error", err)
		}
	}()
	return func() { _ = l.Close() }, nil
}

// listenTCP opens an address that only this machine reaches: who calls is not
// asked for a name.
func listenTCP(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, wrongUsage("--listen %s: allowed are HOST:PORT and unix:PATH", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, wrongUsage("--listen %s: allowed are localhost, a loopback address and unix:PATH", address)
	}
	return net.Listen("tcp", address)
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("%s is there and is no socket", path)
	}
	if c, err := net.Dial("unix", path); err == nil {
		_ = c.Close()
		return fmt.Errorf("somebody listens on %s already", path)
	}
	return os.Remove(path)
}
