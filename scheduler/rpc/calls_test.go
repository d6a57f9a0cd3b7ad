package rpc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"connectrpc.com/connect"
	"connectrpc.com/grpcreflect"
	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metallic-sched/metallic-sched/kernels/tensor"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

func listOperands(t *testing.T, r *rig) []*pb.Operand {
	m, err := r.dial(rpc.Config{}).Operands.List(t.Context(), connect.NewRequest(&pb.ListRequest{}))
	require.NoError(t, err)
	return m.Msg.GetOperands()
}

func raw(list []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), 4*len(list))
}

func floats(data []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(bytes.Clone(data)))), len(data)/4)
}

func given(list []float32, dims ...int64) *pb.Tensor {
	return &pb.Tensor{Dims: dims, Memory: &pb.Tensor_Data{Data: raw(list)}}
}

// dot is a job whose result is 1*3 + 2*4 = 11.
func dot(id uint64) *pb.Job {
	return &pb.Job{Id: id, Work: &pb.Job_Matmul{Matmul: &pb.Matmul{
		A: given([]float32{1, 2}, 1, 2), B: given([]float32{3, 4}, 2, 1),
	}}}
}

const someone = "a session of the tests"

// One handler answers every protocol.
func TestProtocols(t *testing.T) {
	r := startRig(t, rigConfig{tcp: true})
	h2 := &http.Client{Transport: &http.Transport{Protocols: server.Protocols()}}
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	h2.Transport.(*http.Transport).Protocols = p
	for name, o := range map[string][]connect.ClientOption{
		"connect": nil, "grpc": {connect.WithGRPC()}, "grpc-web": {connect.WithGRPCWeb()}, "json": {connect.WithProtoJSON()},
	} {
		c := metallicv1connect.NewJobServiceClient(h2, r.target, o...)
		m, err := c.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Job: dot(0)}))
		require.NoError(t, err, name)
		require.Equal(t, []float32{11}, floats(m.Msg.GetC().GetData()), name)
		require.Equal(t, []int64{1, 1, 1}, m.Msg.GetC().GetDims())
	}
	answer, err := http.Post(r.target+metallicv1connect.JobServiceSubmitProcedure, "application/json",
		bytes.NewBufferString(`{"job":{"matmul":{"a":{"dims":[1,2],"data":"AACAPwAAAEA="},"b":{"dims":[2,1],"data":"AACAPwAAAEA="}}}}`))
	require.NoError(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	var m struct {
		C struct{ Data []byte }
	}
	require.NoError(t, json.Unmarshal(body, &m))
	require.Equal(t, []float32{5}, floats(m.C.Data))
}

func TestReflection(t *testing.T) {
	r := startRig(t, rigConfig{tcp: true})
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	s := grpcreflect.NewClient(&http.Client{Transport: &http.Transport{Protocols: p}}, r.target, connect.WithGRPC()).NewStream(t.Context())
	names, err := s.ListServices()
	require.NoError(t, err)
	require.Contains(t, names, protoreflect.FullName("metallic.v1.JobService"))
	require.Contains(t, names, protoreflect.FullName("metallic.v1.AdminService"))
	files, err := s.FileContainingSymbol("metallic.v1.Tensor")
	require.NoError(t, err)
	require.Equal(t, "metallic/v1/tensor.proto", files[0].GetName())
	_, err = s.Close()
	require.NoError(t, err)
}

// A job with an id runs once, however often it is asked for.
func TestIdsAreIdempotent(t *testing.T) {
	r := startRig(t, rigConfig{})
	c := r.dial(rpc.Config{})
	for retry := range 5 {
		j := dot(7)
		j.Retry = retry > 0
		m, err := c.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Session: someone, Job: j}))
		require.NoError(t, err)
		require.Equal(t, []float32{11}, floats(m.Msg.GetC().GetData()))
	}
	require.Equal(t, int64(1), r.scheduler.Audit().Submitted)

	// A server that does not know the session cannot tell, and does not run it.
	j := dot(7)
	j.Retry = true
	_, err := c.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Session: someone + " else", Job: j}))
	require.Equal(t, connect.CodeAborted, connect.CodeOf(err))
	require.Equal(t, int64(1), r.scheduler.Audit().Submitted)

	_, err = c.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Job: dot(7)}))
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err)) // an id of nobody
}

func TestSubmitMany(t *testing.T) {
	r := startRig(t, rigConfig{})
	c := r.dial(rpc.Config{})
	m, err := c.Jobs.SubmitMany(t.Context(), connect.NewRequest(&pb.SubmitManyRequest{Jobs: []*pb.Job{dot(0), dot(0), dot(0)}}))
	require.NoError(t, err)
	require.Len(t, m.Msg.GetResults(), 3)
	for _, result := range m.Msg.GetResults() {
		require.Equal(t, []float32{11}, floats(result.GetData()))
	}
	// All or none.
	before := r.scheduler.Audit().Done
	m, err = c.Jobs.SubmitMany(t.Context(), connect.NewRequest(&pb.SubmitManyRequest{Jobs: []*pb.Job{dot(0), {}}}))
	require.NoError(t, err)
	for _, result := range m.Msg.GetResults() {
		require.Equal(t, pb.Reason_REASON_INVALID, result.GetError().GetReason())
	}
	require.Equal(t, before, r.scheduler.Audit().Done)
}

// An upload goes on where it broke off, is checked, and is there once.
func TestUploadsResume(t *testing.T) {
	r := startRig(t, rigConfig{server: server.Config{Limits: server.Limits{OperandBytes: 1 << 20}}})
	c := r.dial(rpc.Config{})
	data := raw(numbers(4096, 1))
	sum := sha256.Sum256(data)
	content := &pb.Content{Dtype: pb.Dtype_DTYPE_F32, Dims: []int64{64, 64}, Sha256: sum[:]}
	find := func() *pb.FindOperandResponse {
		m, err := c.Operands.FindOperand(t.Context(), connect.NewRequest(&pb.FindOperandRequest{Session: someone, Content: content}))
		require.NoError(t, err)
		return m.Msg
	}
	load := func(h *pb.LoadHeader, data []byte) (*pb.Operand, error) {
		s := c.Operands.Load(t.Context())
		require.NoError(t, s.Send(&pb.LoadRequest{Header: h, Data: data}))
		m, err := s.CloseAndReceive()
		if err != nil {
			return nil, err
		}
		return m.Msg.GetOperand(), nil
	}

	ctx, breaks := context.WithCancel(t.Context())
	s := c.Operands.Load(ctx)
	require.NoError(t, s.Send(&pb.LoadRequest{Header: &pb.LoadHeader{Session: someone, Content: content}, Data: data[:10000]}))
	waitFor(t, func() bool { return partial(t, c) == 10000 })
	breaks()
	waitFor(t, func() bool { return find().GetOffset() == 10000 })

	_, err := load(&pb.LoadHeader{Session: someone, Content: content, Offset: 77}, data[77:])
	require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err))
	o, err := load(&pb.LoadHeader{Session: someone, Content: content, Offset: 10000}, data[10000:])
	require.NoError(t, err)
	require.Equal(t, o.GetId(), find().GetOperand().GetId())
	require.Zero(t, partial(t, c))

	// The wrong content, and too much of it.
	wrong := &pb.Content{Dims: []int64{64, 64}, Sha256: make([]byte, 32)}
	_, err = load(&pb.LoadHeader{Session: someone, Content: wrong}, data)
	require.ErrorContains(t, err, "sha256")
	require.Equal(t, pb.Reason_REASON_CORRUPT, detailOf(t, err, connect.CodeInvalidArgument).GetReason())
	_, err = load(&pb.LoadHeader{Session: someone, Content: content}, append(bytes.Clone(data), 0))
	require.ErrorContains(t, err, "16384 bytes")
	_, err = load(&pb.LoadHeader{Session: someone, Content: &pb.Content{Dims: []int64{1024, 1024}}}, nil)
	require.ErrorContains(t, err, "1 MiB")
	_, err = load(&pb.LoadHeader{Session: someone, Content: &pb.Content{Dims: []int64{1 << 47, 1 << 47, 1 << 47}}}, nil)
	require.ErrorContains(t, err, "1 MiB")

	// It is held twice by now: released twice it is gone.
	release := func() error {
		_, err := c.Operands.Release(t.Context(), connect.NewRequest(&pb.ReleaseRequest{Session: someone, Operand: o.GetId()}))
		return err
	}
	require.NoError(t, release())
	require.Len(t, listOperands(t, r), 1)
	require.NoError(t, release())
	require.Empty(t, listOperands(t, r))
	require.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(release()))
}

// What was left of an upload is taken by the first of those who found it; the others load
// all the same.
func TestUploadsResumeOnce(t *testing.T) {
	v := tensor.Matrix(numbers(1024, 1), 32, 32)
	var meanwhile atomic.Pointer[func()]
	r := startRig(t, rigConfig{wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			if q.Header.Get("Whose") == "c" && strings.HasSuffix(q.URL.Path, "/Load") {
				(*meanwhile.Load())()
			}
			next.ServeHTTP(w, q)
		})
	}})
	c, other := r.dial(rpc.Config{Header: http.Header{"Whose": {"c"}}}), r.dial(rpc.Config{})
	load := sync.OnceFunc(func() {
		if _, err := other.Load(v); err != nil {
			t.Error(err)
		}
	})
	meanwhile.Store(&load)
	data := raw(numbers(1024, 1))
	sum := sha256.Sum256(data)
	content := &pb.Content{Dtype: pb.Dtype_DTYPE_F32, Dims: []int64{1, 32, 32}, Sha256: sum[:]}
	ctx, breaks := context.WithCancel(t.Context())
	s := other.Operands.Load(ctx)
	require.NoError(t, s.Send(&pb.LoadRequest{Header: &pb.LoadHeader{Session: someone, Content: content}, Data: data[:1000]}))
	waitFor(t, func() bool { return partial(t, other) == 1000 })
	breaks()
	waitFor(t, func() bool {
		m, err := other.Operands.FindOperand(t.Context(), connect.NewRequest(&pb.FindOperandRequest{Session: someone, Content: content}))
		return err == nil && m.Msg.GetOffset() == 1000
	})
	_, err := c.Load(v)
	require.NoError(t, err)
}

func partial(t *testing.T, c *rpc.Client) int64 {
	m, err := c.Scheduler.Status(t.Context(), connect.NewRequest(&pb.StatusRequest{}))
	require.NoError(t, err)
	return m.Msg.GetOperands().GetPartialBytes()
}

// Operands have names, from a Load or from a file.
func TestNames(t *testing.T) {
	r := startRig(t, rigConfig{})
	c := r.dial(rpc.Config{})
	w := numbers(6, 1)
	path := filepath.Join(t.TempDir(), "w.safetensors")
	file, err := safetensors.Serialize(map[string]safetensors.TensorView{
		"layer.w": must(safetensors.NewTensorView(safetensors.F32, []uint64{2, 3}, raw(w))),
		"layer.i": must(safetensors.NewTensorView(safetensors.I32, []uint64{2, 3}, raw(w))),
	}, nil)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, file, 0o600))
	n, err := r.server.AddFile(path)
	require.NoError(t, err)
	require.Equal(t, 1, n) // integers are of no use
	_, err = r.server.AddFile(path)
	require.ErrorContains(t, err, "already")

	o, err := c.Named(t.Context(), "layer.w")
	require.NoError(t, err)
	x, y, want := numbers(3, 2), make([]float32, 2), make([]float32, 2)
	require.NoError(t, c.Do(t.Context(), &job.Matmul{A: o.View(), B: tensor.Vector(x), C: tensor.Vector(y)}))
	require.NoError(t, r.scheduler.Do(t.Context(), &job.Matmul{A: tensor.Matrix(w, 2, 3), B: tensor.Vector(x), C: tensor.Vector(want)}))
	require.InDeltaSlice(t, want, y, 1e-6)
	_, err = c.Named(t.Context(), "layer.v")
	require.ErrorIs(t, err, job.ErrReleased)

	load := func(name string, list []float32) error {
		s := c.Operands.Load(t.Context())
		require.NoError(t, s.Send(&pb.LoadRequest{
			Header: &pb.LoadHeader{Name: name, Content: &pb.Content{Dims: []int64{int64(len(list))}}}, Data: raw(list),
		}))
		_, err := s.CloseAndReceive()
		return err
	}
	require.NoError(t, load("v", w))
	require.NoError(t, load("v", w)) // the same again
	require.ErrorContains(t, load("v", w[:5]), "other content")
	require.ErrorContains(t, load("layer.w", w), "other content")
	m, err := c.Operands.List(t.Context(), connect.NewRequest(&pb.ListRequest{Prefix: "layer."}))
	require.NoError(t, err)
	require.Len(t, m.Msg.GetOperands(), 1)
	require.Equal(t, path, m.Msg.GetOperands()[0].GetFile())
	_, err = c.Operands.Release(t.Context(), connect.NewRequest(&pb.ReleaseRequest{Name: "v"}))
	require.NoError(t, err)
	_, err = c.Named(t.Context(), "v")
	require.ErrorIs(t, err, job.ErrReleased)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// What the scheduler does can be watched, asked for and changed.
func TestExplainDecisionsRetune(t *testing.T) {
	r := startRig(t, rigConfig{})
	c := r.dial(rpc.Config{})
	question := &pb.Job{Work: &pb.Job_Matmul{Matmul: &pb.Matmul{
		A: &pb.Tensor{Dims: []int64{4096, 4096}}, B: &pb.Tensor{Dims: []int64{4096, 4}},
	}}}
	explain := func() *pb.ExplainResponse {
		m, err := c.Scheduler.Explain(t.Context(), connect.NewRequest(&pb.ExplainRequest{Job: question}))
		require.NoError(t, err)
		return m.Msg
	}
	require.Equal(t, "smalln", explain().GetBackend())
	require.Contains(t, explain().GetRules()[2].GetReason(), "N=4 <= SMALLN_MAX_N=8")

	answer, err := c.Scheduler.Explain(t.Context(), connect.NewRequest(&pb.ExplainRequest{Job: &pb.Job{Work: &pb.Job_Attention{
		Attention: &pb.Attention{Q: &pb.Tensor{Dims: []int64{14, 1, 64}}, K: &pb.Tensor{Dims: []int64{2, 512, 64}}, V: &pb.Tensor{Dims: []int64{2, 512, 64}}},
	}}}))
	require.NoError(t, err)
	require.Equal(t, "matmul_smalln_n8+softmax_vec+matmul_smalln_n8", answer.Msg.GetKernel())

	two := int64(2)
	m, err := c.Admin.Retune(t.Context(), connect.NewRequest(&pb.RetuneRequest{Thresholds: &pb.Thresholds{SmallnMaxN: &two}}))
	require.NoError(t, err)
	require.Equal(t, two, m.Msg.GetThresholds().GetSmallnMaxN())
	require.NotEqual(t, "smalln", explain().GetBackend())
	bad := int64(40)
	_, err = c.Admin.Retune(t.Context(), connect.NewRequest(&pb.RetuneRequest{Thresholds: &pb.Thresholds{SmallnMaxN: &bad}}))
	require.ErrorContains(t, err, "0 to 16")

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s, err := c.Scheduler.Decisions(ctx, connect.NewRequest(&pb.DecisionsRequest{}))
	require.NoError(t, err)
	require.True(t, s.Receive()) // it listens now
	require.NoError(t, c.Do(t.Context(), softmax(8)))
	require.True(t, s.Receive())
	d := s.Msg().GetDecisions()[0]
	require.Equal(t, "softmax", d.GetOp())
	require.Equal(t, "done", d.GetOutcome())
	require.True(t, json.Valid(d.GetJson()))

	status, err := c.Scheduler.Status(t.Context(), connect.NewRequest(&pb.StatusRequest{}))
	require.NoError(t, err)
	require.Equal(t, int64(1), status.Msg.GetJobs().GetDone())
	require.Equal(t, "cpu", status.Msg.GetDevice().GetBackend())
	require.Equal(t, int64(1), status.Msg.GetSessions())

	drained, err := c.Admin.Drain(t.Context(), connect.NewRequest(&pb.DrainRequest{TimeoutNs: 1e9}))
	require.NoError(t, err)
	require.Zero(t, drained.Msg.GetInFlight())
	_, err = c.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Job: dot(0)}))
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err))
}
