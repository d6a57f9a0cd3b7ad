package rpc_test

import (
	"path/filepath"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

// An operand's number from before a restart names no operand of the new run: a caller
// that does not know of the restart yet releases nothing that somebody loaded since.
func TestOperandNumbersOfAnEarlierRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	load := func(r *rig) *pb.Operand {
		up := r.dial(rpc.Config{}).Operands.Load(t.Context())
		require.NoError(t, up.Send(&pb.LoadRequest{
			Header: &pb.LoadHeader{Session: someone, Content: &pb.Content{Dims: []int64{4}}}, Data: raw(numbers(4, 1)),
		}))
		m, err := up.CloseAndReceive()
		require.NoError(t, err)
		return m.Msg.GetOperand()
	}
	first := startRig(t, rigConfig{address: path})
	before := load(first)
	first.stop()
	second := startRig(t, rigConfig{address: path})
	after := load(second)
	release := func(o *pb.Operand) error {
		_, err := second.dial(rpc.Config{}).Operands.Release(t.Context(),
			connect.NewRequest(&pb.ReleaseRequest{Session: someone, Operand: o.GetId()}))
		return err
	}
	require.Equal(t, connect.CodeFailedPrecondition, connect.CodeOf(release(before)))
	require.Len(t, listOperands(t, second), 1)
	require.NoError(t, release(after))
}
