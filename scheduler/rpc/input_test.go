package rpc_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1/metallicv1connect"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
)

// What cannot be meant is refused with what is allowed, and costs nobody else
// anything.
func TestBadJobs(t *testing.T) {
	r := startRig(t, rigConfig{server: server.Config{Limits: server.Limits{MessageBytes: 1 << 20, Jobs: 10}}})
	c := r.dial(rpc.Config{})
	product := func(a, b *pb.Tensor) *pb.Job {
		return &pb.Job{Work: &pb.Job_Matmul{Matmul: &pb.Matmul{A: a, B: b}}}
	}
	ok := given([]float32{1, 2}, 1, 2)
	strided := func(stride, offset int64) *pb.Tensor {
		x := given([]float32{1, 2}, 2, 1)
		x.Strides, x.Offset = []int64{stride, 1}, offset
		return x
	}
	half := given([]float32{1}, 2, 1)
	half.Dtype = pb.Dtype_DTYPE_F16
	odd := given([]float32{1}, 2, 1)
	odd.Dtype = 99
	lots := &pb.Tensor{Dims: []int64{1 << 20, 1}, Strides: []int64{0, 0}, Memory: &pb.Tensor_Data{Data: make([]byte, 4)}}
	wide := &pb.Tensor{Dims: []int64{1, 1 << 20}, Strides: []int64{0, 0}, Memory: &pb.Tensor_Data{Data: make([]byte, 4)}}
	for name, c2 := range map[string]struct {
		job  *pb.Job
		want string
	}{
		"no work":          {&pb.Job{}, "matmul, softmax or attention"},
		"no operands":      {&pb.Job{Work: &pb.Job_Matmul{}}, "A: missing; allowed: data"},
		"no memory":        {product(&pb.Tensor{Dims: []int64{1, 2}}, ok), "A: missing"},
		"too few bytes":    {product(ok, given([]float32{1}, 2, 1)), "8 bytes"},
		"too many bytes":   {product(ok, given([]float32{1, 2, 3}, 2, 1)), "8 bytes"},
		"no dimensions":    {product(ok, given([]float32{1, 2})), "1 to 3 numbers"},
		"four dimensions":  {product(ok, given([]float32{1, 2}, 1, 1, 2, 1)), "1 to 3 numbers"},
		"negative":         {product(ok, given([]float32{1, 2}, -2, 1)), "from 0 to 2^48"},
		"huge":             {product(ok, given([]float32{1, 2}, 1<<62, 1)), "from 0 to 2^48"},
		"product of huge":  {product(ok, given([]float32{1, 2}, 1<<47, 1<<47, 1<<47)), "bytes"},
		"negative stride":  {product(ok, strided(-1, 0)), "from 0 to 2^48"},
		"stride outside":   {product(ok, strided(2, 0)), "within the memory"},
		"offset outside":   {product(ok, strided(1, 1)), "within the memory"},
		"negative offset":  {product(ok, strided(1, -1)), "offset"},
		"no such dtype":    {product(ok, odd), "DTYPE_F32"},
		"other dtypes":     {product(ok, half), "not legal"},
		"no fit":           {product(ok, given([]float32{1, 2, 3}, 3, 1)), "B.rows"},
		"result too large": {product(lots, wide), "results of up to"},
		"no such operand":  {product(&pb.Tensor{Memory: &pb.Tensor_Operand{Operand: 4}}, ok), "no operand 4"},
		"no such name":     {product(&pb.Tensor{Memory: &pb.Tensor_Name{Name: "w"}}, ok), `"w"`},
		"no such priority": {&pb.Job{Priority: 9, Work: dot(0).GetWork()}, "-1, 0, 1"},
		"long tenant":      {&pb.Job{Tenant: string(make([]byte, 1000)), Work: dot(0).GetWork()}, "256 bytes"},
		"timeout below 0":  {&pb.Job{TimeoutNs: -5, Work: dot(0).GetWork()}, "timeout_ns: -5; allowed: 0 for none, or more"},
	} {
		_, err := c.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Job: c2.job}))
		require.ErrorContains(t, err, c2.want, name)
		var e *connect.Error
		require.ErrorAs(t, err, &e)
		require.NotEmpty(t, e.Details(), name)
		_, err = c.Scheduler.Explain(t.Context(), connect.NewRequest(&pb.ExplainRequest{Job: c2.job}))
		if err != nil { // what Explain does not look at it does not refuse
			require.NotEqual(t, connect.CodeUnknown, connect.CodeOf(err), name)
		}
	}
	_, err := c.Jobs.SubmitMany(t.Context(), connect.NewRequest(&pb.SubmitManyRequest{Jobs: make([]*pb.Job, 11)}))
	require.ErrorContains(t, err, "up to 10")
	_, err = c.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Job: product(given(make([]float32, 1<<19), 1, 1<<19), ok)}))
	require.ErrorContains(t, err, "up to 1 MiB") // the message
	_, err = c.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Job: dot(0)}))
	require.NoError(t, err)
	require.Equal(t, int64(1), r.scheduler.Audit().Done)
}

// A stream that breaks the rules ends with an error.
func TestBadStreams(t *testing.T) {
	r := startRig(t, rigConfig{server: server.Config{Limits: server.Limits{Jobs: 10}}})
	c := r.dial(rpc.Config{})
	hello := &pb.SubmitStreamRequest{Hello: &pb.Hello{}}
	for name, c2 := range map[string]struct {
		say  []*pb.SubmitStreamRequest
		want string
	}{
		"no hello":      {[]*pb.SubmitStreamRequest{{Jobs: []*pb.Job{dot(1)}}}, "hello"},
		"two hellos":    {[]*pb.SubmitStreamRequest{hello, hello}, "hello"},
		"short session": {[]*pb.SubmitStreamRequest{{Hello: &pb.Hello{Session: "me"}}}, "16 to 64"},
		"no id":         {[]*pb.SubmitStreamRequest{hello, {Jobs: []*pb.Job{dot(0)}}}, "id"},
		"too many":      {[]*pb.SubmitStreamRequest{hello, {Jobs: make([]*pb.Job, 11)}}, "up to 10"},
	} {
		s := c.Jobs.SubmitStream(t.Context())
		for _, m := range c2.say {
			require.NoError(t, s.Send(m))
		}
		require.NoError(t, s.CloseRequest())
		var err error
		for err == nil {
			_, err = s.Receive()
		}
		require.Equal(t, connect.CodeInvalidArgument, connect.CodeOf(err), name)
		require.ErrorContains(t, err, c2.want, name)
	}

	// One that keeps them ends well, with everything answered.
	s := c.Jobs.SubmitStream(t.Context())
	require.NoError(t, s.Send(&pb.SubmitStreamRequest{Hello: &pb.Hello{}, Jobs: []*pb.Job{dot(1), {Id: 2}, dot(3)}}))
	require.NoError(t, s.CloseRequest())
	answers := map[uint64]*pb.Result{}
	for {
		m, err := s.Receive()
		if err != nil {
			require.ErrorContains(t, err, "EOF")
			break
		}
		for _, a := range m.GetResults() {
			answers[a.GetId()] = a
		}
	}
	require.Len(t, answers, 3)
	require.Equal(t, []float32{11}, floats(answers[3].GetData()))
	require.Equal(t, pb.Reason_REASON_INVALID, answers[2].GetError().GetReason())
}

// Bytes that are no message are refused by their code.
func TestGarbage(t *testing.T) {
	r := startRig(t, rigConfig{tcp: true})
	for kind, body := range map[string][]byte{
		"application/proto":         {0xff, 0xff, 0xff},
		"application/json":          []byte(`{"job":`),
		"application/connect+proto": {0, 0xff, 0xff, 0xff, 0xff, 1},
		"application/grpc":          {0, 0, 0, 0, 9, 1},
		"text/plain":                []byte("hello"),
	} {
		for _, procedure := range []string{
			metallicv1connect.JobServiceSubmitProcedure, metallicv1connect.OperandServiceLoadProcedure,
		} {
			answer, err := http.Post(r.target+procedure, kind, bytes.NewReader(body))
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Less(t, answer.StatusCode, 500, "%s %s", kind, procedure)
		}
	}
	require.Zero(t, r.scheduler.Audit().Submitted)
}

// A client that submits and never reads gets no further than the limits: what it
// makes the server keep is bounded.
func TestClientThatDoesNotRead(t *testing.T) {
	const limit = 1 << 20
	r := startRig(t, rigConfig{server: server.Config{Limits: server.Limits{MessageBytes: limit}}})
	c := r.dial(rpc.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := c.Jobs.SubmitStream(ctx)
	require.NoError(t, s.Send(&pb.SubmitStreamRequest{Hello: &pb.Hello{Session: someone}}))
	var sent atomic.Int64
	go func() {
		for id := uint64(1); ; id++ {
			j := &pb.Job{Id: id, Work: &pb.Job_Softmax{Softmax: &pb.Softmax{X: given(make([]float32, limit/8), 1, limit/8)}}}
			if s.Send(&pb.SubmitStreamRequest{Jobs: []*pb.Job{j}}) != nil {
				return
			}
			sent.Add(1)
		}
	}()
	last := int64(-1)
	stuck := func() bool {
		before := last
		last = sent.Load()
		return last > 0 && last == before
	}
	require.Eventually(t, stuck, 20*time.Second, 300*time.Millisecond)
	require.Less(t, r.scheduler.Audit().Submitted, int64(100)) // of half a MiB each
	require.NoError(t, c.Do(t.Context(), softmax(8)))          // others go on
}

// Many clients that send large messages at once: no more is read than there is
// room for, and all are served in turn.
func TestManyLargeMessages(t *testing.T) {
	const message, room, clients = 256 << 10, 512 << 10, 24
	r := startRig(t, rigConfig{server: server.Config{Limits: server.Limits{MessageBytes: message, ReadingBytes: room}}})
	most := int64(0)
	ended := make(chan error, 2*clients)
	for i := range clients {
		c := r.dial(rpc.Config{})
		j := &pb.Job{Id: 1, Work: &pb.Job_Softmax{Softmax: &pb.Softmax{X: given(make([]float32, message/5), 1, message/5)}}}
		go func() {
			_, err := c.Jobs.SubmitMany(t.Context(), connect.NewRequest(&pb.SubmitManyRequest{Session: fmt.Sprint(someone, i), Jobs: []*pb.Job{j}}))
			ended <- err
		}()
		go func() { ended <- c.Do(t.Context(), softmax(message/5)) }()
	}
	for left := 2 * clients; left > 0; {
		select {
		case err := <-ended:
			require.NoError(t, err)
			left--
		case <-time.After(100 * time.Microsecond): // a loop that spins would take a core from those who are served
			most = max(most, r.server.Reading())
		}
	}
	require.NotZero(t, most)
	require.LessOrEqual(t, most, int64(room))
	waitFor(t, func() bool { return r.server.Reading() == 0 })
}
