package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// Patience is how long an answer may take that is no job's.
const Patience = 10 * time.Second

// Address returns where the server is.
func (s *Server) Address() string { return s.address.target }

// Socket reports whether the server is reached by a unix socket, over which
// memory can be shared.
func (s *Server) Socket() bool { return s.address.socket != "" }

// Dial opens a session. ctx bounds that only.
func (s *Server) Dial(ctx context.Context, tenant string) (*rpc.Client, error) {
	ctx, stop := context.WithTimeout(ctx, Patience)
	defer stop()
	c, err := rpc.Dial(ctx, s.address.target, rpc.Config{Tenant: tenant, HTTP: s.client, Header: s.header})
	return c, s.hint(err)
}

// Status asks how the server is. version is what it says it is, if it does. The
// error wraps one of package job's, such as job.ErrDisconnected.
func (s *Server) Status(ctx context.Context) (status *pb.StatusResponse, version string, err error) {
	limited, stop := context.WithTimeout(ctx, Patience)
	defer stop()
	r, err := s.calls().Status(limited, request(s, &pb.StatusRequest{}))
	switch {
	case err == nil:
	case limited.Err() != nil && ctx.Err() == nil:
		return nil, "", fmt.Errorf("%s: %w: no answer in %v", s.Address(), job.ErrDisconnected, Patience)
	default:
		return nil, "", s.hint(s.failed(err))
	}
	product, version, _ := strings.Cut(r.Header().Get("Server"), "/")
	if product != Product {
		version = ""
	}
	return r.Msg, version, nil
}

// Product is how servers name themselves, before their version, in the header
// "Server" of their answers.
const Product = "metallic-sched"

// Decisions hands over the records of batches until ctx ends or the connection
// does; it returns why.
func (s *Server) Decisions(ctx context.Context, take func(*pb.DecisionsResponse)) error {
	stream, err := s.calls().Decisions(ctx, request(s, &pb.DecisionsRequest{}))
	if err != nil {
		return s.failed(err)
	}
	for stream.Receive() {
		take(stream.Msg())
	}
	err = errors.Join(stream.Err(), stream.Close())
	return s.failed(err)
}

func (s *Server) calls() metallicv1connect.SchedulerServiceClient {
	return metallicv1connect.NewSchedulerServiceClient(s.client, s.address.base)
}

func request[T any](s *Server, m *T) *connect.Request[T] {
	r := connect.NewRequest(m)
	for name, values := range s.header {
		r.Header()[name] = values
	}
	return r
}

// failed names the server and says what the connection's error was.
func (s *Server) failed(err error) error {
	if err == nil {
		return nil
	}
	known := wire.Failed(err, time.Now())
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		known = fmt.Errorf("%w: %w", job.ErrDisconnected, op)
	}
	return fmt.Errorf("%s: %w", s.Address(), known)
}

// hint adds what a server that hangs up without a word may want: TLS. One that is
// not there at all wants nothing.
func (s *Server) hint(err error) error {
	op := (*net.OpError)(nil)
	broken := errors.As(err, &op)
	noServer := broken && op.Op == "dial"
	if s.address.secure || s.address.socket != "" || noServer || !broken && !errors.Is(err, job.ErrDisconnected) {
		return err
	}
	return fmt.Errorf("%w; if it speaks TLS: https://HOST:PORT, or --tls-ca FILE", err)
}
