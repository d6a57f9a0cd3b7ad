package server

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/shm"
)

// A panic while a job is read lets go of the shared memory that the job names.
func TestPanicLetsGoOfRegions(t *testing.T) {
	s := newReader(t)
	s.cfg.Tenant = func(context.Context, string) (string, error) { panic("for a test") }
	x := s.newSession("", "")
	r := &region{server: s, memory: &shm.Memory{Bytes: make([]byte, 64)}}
	x.regions[1] = r
	var h heard
	in := s.newIntake(t.Context(), x, x.book, visit{listener: &h})
	rows := &pb.Tensor{Dims: []int64{1, 16}, Memory: &pb.Tensor_Shared{Shared: &pb.SharedMemory{Region: 1, Length: 64}}}
	jobs := []*pb.Job{{Id: 1, Work: &pb.Job_Softmax{Softmax: &pb.Softmax{X: rows}}}}
	require.PanicsWithValue(t, "for a test", func() { in.take(t.Context(), jobs, false) })
	require.Zero(t, r.jobs)
	require.Len(t, h, 1)
}
