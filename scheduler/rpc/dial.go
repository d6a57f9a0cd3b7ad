package rpc

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// Dial connects to a server: "unix:///run/metallic-sched.sock",
// "http://host:port" or "https://host:port". It returns when the server has
// answered, or with an error that wraps job.ErrDisconnected or job.ErrInvalid.
// ctx bounds that only.
func Dial(ctx context.Context, target string, cfg Config) (*Client, error) {
	if err := job.CheckContext(ctx); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	base, socket, transport, err := transportFor(target, &cfg)
	if err != nil {
		return nil, err
	}
	options := []connect.ClientOption{
		connect.WithInterceptors(headers(cfg.Header)), connect.WithAcceptCompression("gzip", nil, nil),
		connect.WithCodec(codec{}),
	}
	c := &Client{
		socket: socket,
		cfg:    cfg, ledger: job.NewLedger(cfg.Limits), wake: make(chan struct{}, 1), turn: make(chan struct{}, 1),
		closing: make(chan struct{}), ended: make(chan struct{}), shutting: job.NewClosing(), operands: map[*contents]struct{}{},
		Jobs:      metallicv1connect.NewJobServiceClient(transport, base, options...),
		Operands:  metallicv1connect.NewOperandServiceClient(transport, base, options...),
		Scheduler: metallicv1connect.NewSchedulerServiceClient(transport, base, options...),
		Admin:     metallicv1connect.NewAdminServiceClient(transport, base, options...),
	}
	c.turn <- struct{}{}
	c.window.base = 1
	c.ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	first, err := c.connect(ctx)
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("rpc: dial %s: %w", target, err)
	}
	go c.keepConnected(first)
	return c, nil
}

// transportFor returns what makes the calls, the URL they begin with, and the
// path of the server's socket if it has one.
func transportFor(target string, cfg *Config) (base, socket string, h connect.HTTPClient, err error) {
	u, err := url.Parse(target)
	if err != nil {
		return "", "", nil, wire.Invalid("target", targets, "%q", target)
	}
	switch u.Scheme {
	case "unix":
		path := u.Path
		if path == "" || u.Host != "" {
			return "", "", nil, wire.Invalid("target", targets, "%q", target)
		}
		t := newTransport()
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
		return "http://unix", path, &http.Client{Transport: t}, nil
	case "http", "https":
		if u.Host == "" {
			return "", "", nil, wire.Invalid("target", targets, "%q", target)
		}
		if cfg.HTTP != nil {
			return strings.TrimSuffix(target, "/"), "", cfg.HTTP, nil
		}
		return strings.TrimSuffix(target, "/"), "", &http.Client{Transport: newTransport()}, nil
	}
	return "", "", nil, wire.Invalid("target", targets, "%q", target)
}

const targets = "unix:///path/of/socket, http://host:port, https://host:port"

// newTransport speaks HTTP/2, also without TLS, as a stream both ways needs.
func newTransport() *http.Transport {
	p := new(http.Protocols)
	p.SetHTTP2(true)
	p.SetUnencryptedHTTP2(true)
	return &http.Transport{
		Protocols: p,
		HTTP2:     &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second, MaxReceiveBufferPerStream: 16 << 20, MaxReceiveBufferPerConnection: 64 << 20, MaxReadFrameSize: 1 << 20},
	}
}

// headers puts headers on every call.
type headers http.Header

func (h headers) put(to http.Header) {
	for name, values := range h {
		to[name] = values
	}
}

// WrapUnary implements connect.Interceptor.
func (h headers) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		h.put(r.Header())
		return next(ctx, r)
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (h headers) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		h.put(conn.RequestHeader())
		return conn
	}
}

// WrapStreamingHandler implements connect.Interceptor.
func (headers) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}
