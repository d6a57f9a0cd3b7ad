package rpc_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// A message that is too large for ever is told so, however it comes: not what is
// told to those who should come again.
func TestMessageTooLarge(t *testing.T) {
	r := startRig(t, rigConfig{tcp: true, server: server.Config{Limits: server.Limits{MessageBytes: 1 << 20}}})
	large := make([]byte, 2<<20)
	packed := &bytes.Buffer{}
	z := gzip.NewWriter(packed)
	_, err := z.Write(large)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	frame := func(flags byte, data []byte) []byte {
		return append(binary.BigEndian.AppendUint32([]byte{flags}, uint32(len(data))), data...)
	}
	stream := func(b []byte) io.Reader { return io.MultiReader(bytes.NewReader(b)) } // of unknown size
	zip := http.Header{"Content-Encoding": {"gzip"}, "Grpc-Encoding": {"gzip"}, "Connect-Content-Encoding": {"gzip"}}
	for name, c := range map[string]struct {
		kind   string
		header http.Header
		body   io.Reader
	}{
		"proto":                   {"application/proto", nil, bytes.NewReader(large)},
		"JSON":                    {"application/json", nil, bytes.NewReader(large)},
		"proto of unknown size":   {"application/proto", nil, stream(large)},
		"proto, packed":           {"application/proto", zip, bytes.NewReader(packed.Bytes())},
		"gRPC":                    {"application/grpc", nil, bytes.NewReader(frame(0, large))},
		"gRPC, packed":            {"application/grpc", zip, bytes.NewReader(frame(1, packed.Bytes()))},
		"gRPC-Web":                {"application/grpc-web", nil, stream(frame(0, large))},
		"Connect stream":          {"application/connect+proto", nil, bytes.NewReader(frame(0, large))},
		"Connect stream, packed":  {"application/connect+json", zip, bytes.NewReader(frame(1, packed.Bytes()))},
		"gRPC that says too much": {"application/grpc", nil, bytes.NewReader(frame(0, large)[:9])},
	} {
		procedure := metallicv1connect.JobServiceSubmitProcedure
		if c.kind == "application/connect+proto" || c.kind == "application/connect+json" {
			procedure = metallicv1connect.JobServiceSubmitStreamProcedure
		}
		text := r.post(procedure, c.kind, c.header, c.body)
		require.Regexp(t, `message: (2097152 bytes|more, unpacked); allowed: up to 1 MiB`, text, name)
		require.Regexp(t, `"code":"invalid_argument"|Grpc-Status:3`, text, name)
	}
	require.Zero(t, r.server.Reading())
	require.Contains(t, r.post(metallicv1connect.JobServiceSubmitProcedure, "application/json", nil, bytes.NewBufferString("{}")), "missing")
}
