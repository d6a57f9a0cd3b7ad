package server

import (
	"context"
	"errors"
	"io"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// details has errors of calls carry their message, those of package connect, too, and
// refuses messages that could not be read. It comes before all other interceptors:
// none sees such a message.
type details struct{ *Server }

// WrapUnary implements connect.Interceptor.
func (d details) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		if err := d.marks.reason(r.Any()); err != nil {
			return nil, d.fail(err)
		}
		answer, err := next(ctx, r)
		return answer, wire.Detailed(err, time.Now())
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (details) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor.
func (d details) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return wire.Detailed(next(ctx, detailedConn{conn, d.Server}), time.Now())
	}
}

// detailedConn is a stream whose messages can be read, or are errors.
type detailedConn struct {
	connect.StreamingHandlerConn
	server *Server
}

// Receive implements connect.StreamingHandlerConn.
func (c detailedConn) Receive(message any) error {
	switch err := c.StreamingHandlerConn.Receive(message); {
	case err == nil:
		return c.server.fail(c.server.marks.reason(message))
	case errors.Is(err, io.EOF):
		return err
	default:
		return wire.Detailed(err, time.Now())
	}
}
