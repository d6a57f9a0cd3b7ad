package endtoend

import (
	"context"
	"net/http"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
)

// poll is how often a test looks whether something has happened.
const poll = 5 * time.Millisecond

// question is [2 3] * [5 7]^T in JSON, as curl would send it.
const (
	question = `{"job":{"matmul":{"a":{"dims":[1,2],"data":"AAAAQAAAQEA="},"b":{"dims":[2,1],"data":"AACgQAAA4EA="}}}}`
	answer   = `"data":"AAD4QQ=="` // 31
)

func TestJSON(t *testing.T) {
	p := serve(t)
	status, text := fetch(t, http.DefaultClient, p.url+"/metallic.v1.JobService/Submit", nil, question)
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, answer)
	status, text = fetch(t, http.DefaultClient, p.url+"/metallic.v1.SchedulerService/Status", nil, "{}")
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, `"backend":"cpu"`)
	status, text = fetch(t, http.DefaultClient, p.url+"/metallic.v1.AdminService/Retune", nil, `{"thresholds":{"smallnMaxN":"4"}}`)
	require.Equal(t, http.StatusOK, status, "on loopback anybody is an admin: %s", text)
}

// newHTTP2 returns a client as gRPC's are: HTTP/2 only, without TLS.
func newHTTP2(t *testing.T) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestGRPC(t *testing.T) {
	p := serve(t)
	for name, option := range map[string]connect.ClientOption{"gRPC": connect.WithGRPC(), "gRPC-Web": connect.WithGRPCWeb()} {
		client := metallicv1connect.NewJobServiceClient(newHTTP2(t), p.url, option)
		r, err := client.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Job: &pb.Job{Work: &pb.Job_Softmax{Softmax: &pb.Softmax{
			X: &pb.Tensor{Dims: []int64{1, 4}, Memory: &pb.Tensor_Data{Data: make([]byte, 16)}},
		}}}}))
		require.NoError(t, err, name)
		require.Equal(t, []byte{0, 0, 0x80, 0x3e}, r.Msg.GetC().GetData()[:4], "a quarter")
		_, err = client.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{}))
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), name)
	}
}

// Reflection tells grpcurl what there is to call.
func TestReflection(t *testing.T) {
	p := serve(t)
	stream := grpcreflect.NewClient(newHTTP2(t), p.url, connect.WithGRPC()).NewStream(t.Context())
	defer stream.Close() //nolint:errcheck // only asked
	names, err := stream.ListServices()
	require.NoError(t, err)
	require.Contains(t, names, protoreflect.FullName("metallic.v1.JobService"))
	files, err := stream.FileContainingSymbol("metallic.v1.JobService")
	require.NoError(t, err)
	require.NotEmpty(t, files)
}

func TestGoClient(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	p := serve(t, "-listen", "127.0.0.1:0", "-listen", "unix:"+socket)
	for _, target := range []string{p.url, "unix://" + socket} {
		c := dial(t, target, rpc.Config{})
		w, err := c.Load(tensor.Matrix(weights(), side, side))
		require.NoError(t, err)
		l := startLoad(c, w.View(), 8, job.Options{Tenant: "alice"})
		l.reach(t, 100)
		require.Empty(t, l.end())
		require.ErrorIs(t, c.Do(t.Context(), &job.Matmul{A: w.View(), B: tensor.Vector(make([]float32, 3)), C: tensor.Vector(make([]float32, side))}), job.ErrInvalid)
	}
}

func TestHealth(t *testing.T) {
	p := serve(t)
	status, _ := p.get("/healthz")
	require.Equal(t, http.StatusOK, status)
	status, text := p.get("/readyz")
	require.Equal(t, http.StatusOK, status, text)
	status, _ = p.get("/debug/pprof/")
	require.Equal(t, http.StatusNotFound, status, "the profiler has an address of its own")
	status, _ = p.get("/nothing")
	require.Equal(t, http.StatusNotFound, status)
}

func TestAdminAddress(t *testing.T) {
	p := serve(t, "-admin", "127.0.0.1:0")
	status, text := fetch(t, http.DefaultClient, "http://"+p.all[1]+"/debug/pprof/goroutine?debug=1", nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, text, "goroutine profile")
	status, _ = fetch(t, http.DefaultClient, "http://"+p.all[1]+"/metrics", nil)
	require.Equal(t, http.StatusOK, status)
}

// Where the server listens for strangers it says what it needs, and does not
// start.
func TestRefusesToBeOpen(t *testing.T) {
	p := launch(t, "-listen", "0.0.0.0:0")
	require.Equal(t, 2, p.exit())
	require.Contains(t, p.log(), "add -tls-cert and -tls-key and -tokens or -client-ca")
}

func TestTwoOnOneAddress(t *testing.T) {
	p := serve(t)
	other := launch(t, "-listen", p.all[0])
	require.Equal(t, 1, other.exit())
	require.Contains(t, other.log(), "address already in use")
	require.NoError(t, product(context.Background(), p.dial(rpc.Config{}), tensor.Matrix(weights(), side, side), 1, job.Options{}))
}

// Memory that client and server share is handed out beside a unix socket.
func TestSharedMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT TESTED: shared memory, which is Linux only; run it there")
	}
	socket := filepath.Join(t.TempDir(), "s")
	p := serve(t, "-listen", "unix:"+socket)
	c := dial(t, "unix://"+socket, rpc.Config{})
	w, err := c.Load(tensor.Matrix(weights(), side, side))
	require.NoError(t, err)
	region, err := c.Share(t.Context(), 8*side)
	require.NoError(t, err)
	x := tensor.Bytes(region.Bytes()[:4*side], tensor.F32, 1, side, 1)
	y := tensor.Bytes(region.Bytes()[4*side:], tensor.F32, 1, side, 1)
	for i := range side {
		x.SetValue(0, i, 0, float32(i))
	}
	require.NoError(t, c.Do(t.Context(), &job.Matmul{A: w.View(), B: x, C: y}))
	require.Equal(t, region.Bytes()[:4*side], region.Bytes()[4*side:])
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.exit(), p.log())
	for _, path := range []string{socket, socket + ".shm"} {
		require.NoFileExists(t, path)
	}
}
