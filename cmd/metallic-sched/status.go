package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/metallic-sched/metallic-sched/cmd/metallic-sched/remote"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// serverFlags say which server to ask.
type serverFlags struct {
	Addr string `default:"${address}" placeholder:"ADDR" help:"The server: HOST:PORT, unix:PATH or https://HOST:PORT (default: ${default})."`
	remote.Access
}

// statusCommand tells how a server is.
type statusCommand struct {
	serverFlags
	JSON bool          `name:"json" help:"Write JSON, also if the server cannot be reached."`
	Wait time.Duration `help:"Ask again for so long until the server takes jobs (default: ask once)."`
}

// Help explains the exit codes.
func (statusCommand) Help() string {
	return "The exit code is 0 if the server takes jobs, 3 if it is draining, 1 if it cannot be reached."
}

const exitDraining = 3

// Run implements the command.
func (c *statusCommand) Run(ctx context.Context, s streams) error {
	server, err := c.Server(c.Addr)
	if err != nil {
		return err
	}
	m, version, err := c.ask(ctx, server)
	if err != nil {
		if c.JSON {
			err = errors.Join(err, writeJSON(s.out, serverStatus{V: statusVersion, Address: server.Address(), Error: err.Error()}))
		}
		return err
	}
	status := newServerStatus(server.Address(), version, m)
	if c.JSON {
		err = writeJSON(s.out, status)
	} else {
		status.write(s.out)
	}
	if err == nil && status.Draining {
		return &exitError{exitDraining, fmt.Errorf("%s is draining", server.Address())}
	}
	return err
}

// ask asks until the server takes jobs or the time to wait is over.
func (c *statusCommand) ask(ctx context.Context, server *remote.Server) (*pb.StatusResponse, string, error) {
	for end := time.Now().Add(c.Wait); ; {
		m, version, err := server.Status(ctx)
		if err == nil && !m.GetDraining() || !time.Now().Before(end) {
			return m, version, err
		}
		select {
		case <-time.After(min(askAgain, time.Until(end))):
		case <-ctx.Done():
			return m, version, errors.Join(err, ctx.Err())
		}
	}
}

const askAgain = 50 * time.Millisecond

func (st *serverStatus) write(w io.Writer) {
	state := "ready"
	if st.Draining {
		state = "draining"
	}
	version := st.Version
	if version == "" {
		version = "(version unknown)"
	}
	j, o, d := st.Jobs, st.Operands, st.Device
	fmt.Fprintf(w, "state     %s for %v, at %s\n", state, time.Duration(st.UptimeSeconds*float64(time.Second)).Round(time.Second), st.Address)
	fmt.Fprintf(w, "server    metallic-sched %s, run %q\n", version, st.Server)
	fmt.Fprintf(w, "device    %s: %q, %d threads, %v\n", d.Backend, d.Name, d.Threads, byteSize(d.MemoryBytes))
	fmt.Fprintf(w, "jobs      %d submitted, %d done, %d failed, %d cancelled, %d expired, %d rejected, %d in flight with %v\n",
		j.Submitted, j.Done, j.Failed, j.Cancelled, j.Expired, j.Rejected, j.InFlight, byteSize(j.InFlightBytes))
	fmt.Fprintf(w, "operands  %d loaded with %v, %d named\n", o.Loaded, byteSize(o.LoadedBytes), o.Named)
	fmt.Fprintf(w, "clients   %d sessions, %d streams, %v of results kept\n", st.Sessions, st.Streams, byteSize(st.KeptResultBytes))
	for _, t := range st.Tenants {
		fmt.Fprintf(w, "tenant    %q: %d done, %d failed, %d cancelled, %d expired, %d rejected, %d in flight; %.3gs of the device\n",
			t.Name, t.Jobs.Done, t.Jobs.Failed, t.Jobs.Cancelled, t.Jobs.Expired, t.Jobs.Rejected, t.Jobs.InFlight, t.DeviceSeconds)
	}
}
