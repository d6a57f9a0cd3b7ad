package rpc_test

import (
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

func listOperands(t *testing.T, r *rig) []*pb.Operand {
	m, err := r.dial(rpc.Config{}).Operands.List(t.Context(), connect.NewRequest(&pb.ListRequest{}))
	require.NoError(t, err)
	return m.Msg.GetOperands()
}
