package rpc_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// tamperer sends other bodies than those it is given.
type tamperer struct {
	http.RoundTripper
	body   func(kind string) []byte
	header http.Header
}

// RoundTrip implements http.RoundTripper.
func (x *tamperer) RoundTrip(r *http.Request) (*http.Response, error) {
	instead := r.Clone(r.Context())
	b := x.body(r.Header.Get("Content-Type"))
	instead.Body, instead.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	for name, values := range x.header {
		instead.Header[name] = values
	}
	go func() {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}()
	return x.RoundTripper.RoundTrip(instead)
}

// enveloped reports whether the messages of a content type begin with their sizes.
func enveloped(kind string) bool {
	return !strings.HasPrefix(kind, "application/json") && !strings.HasPrefix(kind, "application/proto")
}

// message returns a body with messages, such as it is in a content type.
func message(flags byte, all ...string) func(kind string) []byte {
	return func(kind string) (body []byte) {
		for _, m := range all {
			if enveloped(kind) {
				body = binary.BigEndian.AppendUint32(append(body, flags), uint32(len(m)))
			}
			body = append(body, m...)
		}
		return body
	}
}

// cut leaves out the end of a body's message, or of its size.
func cut(message func(kind string) []byte, n int) func(kind string) []byte {
	return func(kind string) []byte {
		b := message(kind)
		return b[:len(b)-n]
	}
}

// refusal is the answer to a body that a server refuses.
type refusal struct {
	body   func(kind string) []byte
	json   int // 1: JSON only, -1: protobuf only
	framed bool
	header http.Header
	code   connect.Code
	reason pb.Reason
	field  string
}

// zipped says that a body is compressed, in the words of every protocol.
var zipped = http.Header{"Content-Encoding": {"gzip"}, "Grpc-Encoding": {"gzip"}, "Connect-Content-Encoding": {"gzip"}}

// refusals are of a call, if hello is "", or of the second message of a stream.
func refusals(hello string) map[string]refusal {
	first := func(flags byte, m string) func(kind string) []byte {
		if hello == "" {
			return message(flags, m)
		}
		return message(flags, hello, m)
	}
	packed := &bytes.Buffer{}
	z := gzip.NewWriter(packed)
	_, _ = z.Write(make([]byte, 2<<20))
	_ = z.Close()
	const invalid, tooLarge, bad = pb.Reason_REASON_INVALID, pb.Reason_REASON_TOO_LARGE, connect.CodeInvalidArgument
	list := map[string]refusal{
		"field":        {first(0, `{"jub":{}}`), 1, false, nil, bad, invalid, "jub"},
		"JSON":         {first(0, `{"job`), 1, false, nil, bad, invalid, "JSON"},
		"text":         {first(0, "{\"job\":{\"tenant\":\"\xff\"}}"), 1, false, nil, bad, invalid, ""},
		"protobuf":     {first(0, "\xff\xff\xff"), -1, false, nil, bad, invalid, "message"},
		"too large":    {first(0, strings.Repeat("x", 2<<20)), 0, false, nil, bad, tooLarge, "message"},
		"cut":          {cut(first(0, strings.Repeat("x", 100)), 10), 0, true, nil, bad, invalid, "message"},
		"cut early":    {cut(first(0, "abc"), 5), 0, true, nil, bad, invalid, "message"},
		"packed, how?": {first(1, "abc"), 0, true, nil, bad, invalid, "message"},
	}
	if hello == "" { // compressed messages, of which the first is what is wrong
		list["no gzip"] = refusal{first(1, "abc"), 0, false, zipped, bad, invalid, "message"}
		list["gzip, cut"] = refusal{first(1, packed.String()[:50]), 0, false, zipped, bad, invalid, "message"}
		list["gzip, large"] = refusal{first(1, packed.String()), 0, false, zipped, bad, tooLarge, "message"}
	}
	return list
}

// speakers are the ways to call.
var speakers = map[string]struct {
	option connect.ClientOption
	json   bool
	framed bool
}{
	"Connect":        {connect.WithClientOptions(), false, false},
	"Connect, JSON":  {connect.WithProtoJSON(), true, false},
	"gRPC":           {connect.WithGRPC(), false, true},
	"gRPC, JSON":     {connect.WithClientOptions(connect.WithGRPC(), connect.WithProtoJSON()), true, true},
	"gRPC-Web":       {connect.WithGRPCWeb(), false, true},
	"gRPC-Web, JSON": {connect.WithClientOptions(connect.WithGRPCWeb(), connect.WithProtoJSON()), true, true},
}

// Whatever is refused, before it was read or after, by whichever protocol: the error
// has the message that says why, once.
func TestEveryRefusalHasDetails(t *testing.T) {
	r := startRig(t, rigConfig{
		tcp: true, scheduler: scheduler.Config{Device: sim.Open(sim.Config{})},
		server: server.Config{Limits: server.Limits{MessageBytes: 1 << 20}},
	})
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: p}
	t.Cleanup(transport.CloseIdleConnections)
	for name, s := range speakers {
		check := func(what string, c refusal, call func(metallicv1connect.JobServiceClient) error) {
			t.Run(name+"/"+what, func(t *testing.T) {
				client := &http.Client{Transport: &tamperer{transport, c.body, c.header}}
				said := detailOf(t, call(metallicv1connect.NewJobServiceClient(client, r.target, s.option)), c.code)
				require.Equal(t, c.reason, said.GetReason(), "%v", said)
				require.False(t, said.GetRetryable())
				require.NotEmpty(t, said.GetText())
				if c.field != "" {
					require.Equal(t, c.field, said.GetField())
				}
			})
		}
		fits := func(c refusal) bool { return c.json != 1 && !s.json || c.json != -1 && s.json }
		for what, c := range refusals("") {
			if fits(c) && (s.framed || !c.framed) {
				check(what, c, func(j metallicv1connect.JobServiceClient) error {
					_, err := j.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{}))
					return err
				})
			}
		}
		hello := map[bool]string{false: "\x0a\x00", true: `{"hello":{}}`}[s.json]
		for what, c := range refusals(hello) {
			if fits(c) {
				check("stream, "+what, c, func(j metallicv1connect.JobServiceClient) error {
					stream := j.SubmitStream(t.Context())
					_ = stream.Send(&pb.SubmitStreamRequest{})
					_ = stream.CloseRequest()
					for {
						if _, err := stream.Receive(); err != nil {
							return err
						}
					}
				})
			}
		}
	}
	require.Zero(t, r.scheduler.Audit().Submitted)
}

// detailOf returns the one message among an error's details.
func detailOf(t *testing.T, err error, code connect.Code) *pb.Error {
	t.Helper()
	var e *connect.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code(), "%v", err)
	require.Len(t, e.Details(), 1, "%v", err)
	m, err := e.Details()[0].Value()
	require.NoError(t, err)
	return m.(*pb.Error)
}
