package server

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/metallic-sched/metallic-sched/device/sim"
	"github.com/metallic-sched/metallic-sched/scheduler"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// FuzzMessage: whatever a client sends in a stream, every job of it is answered
// once and nothing is left behind.
func FuzzMessage(f *testing.F) {
	one := &pb.Tensor{Dims: []int64{1, 2}, Memory: &pb.Tensor_Data{Data: make([]byte, 8)}}
	for _, m := range []*pb.SubmitStreamRequest{
		{Hello: &pb.Hello{}},
		{Jobs: []*pb.Job{{Id: 1, Work: &pb.Job_Softmax{Softmax: &pb.Softmax{X: one}}}, {Id: 2}}, Answered: 1},
		{Jobs: []*pb.Job{{Id: 1, Work: &pb.Job_Softmax{Softmax: &pb.Softmax{X: one}}}, {Id: 1}}, Together: true, Cancel: []uint64{1, 9}},
		{Jobs: []*pb.Job{{Id: 3, Retry: true, Work: &pb.Job_Matmul{Matmul: &pb.Matmul{A: one, B: one, TransB: true}}}}},
	} {
		b, err := proto.Marshal(m)
		require.NoError(f, err)
		f.Add(b)
	}
	s, err := scheduler.Open(context.Background(), scheduler.Config{Device: sim.Open(sim.Config{}), Limits: job.Limits{Bytes: 1 << 20}})
	require.NoError(f, err)
	srv, err := New(Config{Scheduler: s, Limits: Limits{MessageBytes: 1 << 20, Jobs: 64}})
	require.NoError(f, err)
	f.Cleanup(func() {
		require.NoError(f, srv.Close())
		require.NoError(f, s.Close(context.Background()))
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &pb.SubmitStreamRequest{}
		if proto.Unmarshal(b, m) != nil {
			return
		}
		x := srv.newSession("", "")
		st := &stream{server: srv, session: x, wake: make(chan struct{}, 1)}
		err := st.take(context.Background(), srv.newIntake(context.Background(), x, x.book, visit{epoch: x.book.begin(), listener: st}), m)
		st.mu.Lock()
		want := st.pending
		st.mu.Unlock()
		if err != nil {
			require.Zero(t, want)
		}
		answered(t, st, m, want)
		x.close(job.ErrCancelled)
		require.Zero(t, srv.kept.load())
		require.Eventually(t, func() bool { return s.Audit().InFlight == 0 }, 10*time.Second, time.Millisecond)
	})
}

// answered waits for the answers: one for each job, but for ids that came twice
// while the first was running.
func answered(t *testing.T, st *stream, m *pb.SubmitStreamRequest, want int) {
	times, ids := map[uint64]int{}, map[uint64]bool{}
	for _, j := range m.GetJobs() {
		ids[j.GetId()] = true
	}
	if want == 0 {
		ids = nil
	}
	all := func() bool {
		got, _, _ := st.collect()
		for _, a := range got {
			times[a.id]++
		}
		return len(times) == len(ids)
	}
	require.Eventually(t, all, 10*time.Second, time.Millisecond)
	total := 0
	for id, n := range times {
		require.True(t, ids[id])
		total += n
	}
	require.LessOrEqual(t, total, want)
}
