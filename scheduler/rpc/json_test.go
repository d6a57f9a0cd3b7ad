package rpc_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
)

// misspelt is a job with a field that there is not.
const misspelt = `{"job":{"matmul":{"a":{"dims":[1,2],"data":"AACAPwAAAEA="},"b":{"dims":[1,2],"data":"AACAPwAAAEA="},"traansB":true}}}`

// JSON with a field or a name that there is not is refused and names it, in calls
// and in streams; nothing is computed as if it had not been there.
func TestMisspeltJSON(t *testing.T) {
	r := startRig(t, rigConfig{tcp: true})
	for _, kind := range []string{"application/json", "application/json; charset=utf-8"} {
		for procedure, body := range map[string]string{
			metallicv1connect.JobServiceSubmitProcedure:        misspelt,
			metallicv1connect.SchedulerServiceExplainProcedure: misspelt,
			metallicv1connect.JobServiceSubmitManyProcedure:    `{"jobs":[{"matmul":{"traansB":true}}]}`,
		} {
			answer, err := http.Post(r.target+procedure, kind, strings.NewReader(body))
			require.NoError(t, err)
			text, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, http.StatusBadRequest, answer.StatusCode, "%s", text)
			require.Contains(t, string(text), "matmul.traansB: no such field; allowed: a, b, c, bias, transA, transB, alpha, beta")
			require.Contains(t, string(text), `"code":"invalid_argument"`)
		}
	}
	require.Contains(t, r.stream("application/connect+json", `{"hello":{}}`, `{"jobs":[{"id":1,"tenannt":"x"}]}`), "jobs[0].tenannt: no such field")
	require.Contains(t, r.stream("application/grpc+json", `{"hallo":{}}`), "hallo: no such field; allowed: hello, jobs")
	require.Contains(t, r.stream("application/grpc-web+json", `{"hello":{"session":5}}`), "value for string field session: 5")
	require.Zero(t, r.scheduler.Audit().Submitted)
}

// stream sends messages, all there are, and returns what comes back.
func (r *rig) stream(kind string, messages ...string) string {
	r.t.Helper()
	body := &bytes.Buffer{}
	for _, m := range messages {
		body.Write(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(m))))
		body.WriteString(m)
	}
	return r.post(metallicv1connect.JobServiceSubmitStreamProcedure, kind, nil, body)
}

// post makes a call by hand, over HTTP/2, and returns what comes back, the status of
// gRPC included.
func (r *rig) post(procedure, kind string, header http.Header, body io.Reader) string {
	r.t.Helper()
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: p}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.target+procedure, body)
	require.NoError(r.t, err)
	request.Header = header.Clone()
	if header == nil {
		request.Header = http.Header{}
	}
	request.Header.Set("Content-Type", kind)
	answer, err := transport.RoundTrip(request)
	require.NoError(r.t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(r.t, err)
	for _, h := range []http.Header{answer.Header, answer.Trailer} {
		text = fmt.Appendf(text, " Grpc-Status:%s %s", h.Get("Grpc-Status"), h.Get("Grpc-Message"))
	}
	return string(text)
}

// What a newer client says in protobuf is passed over, as before.
func TestUnknownFieldInProtobuf(t *testing.T) {
	r := startRig(t, rigConfig{})
	j := dot(0)
	j.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 1000, protowire.VarintType), 1))
	m, err := r.dial(rpc.Config{}).Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Job: j}))
	require.NoError(t, err)
	require.Equal(t, []float32{11}, floats(m.Msg.GetC().GetData()))
}
