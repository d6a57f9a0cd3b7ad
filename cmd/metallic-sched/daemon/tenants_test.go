package daemon

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
)

func as(ctx context.Context, id identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

func TestJobsAreBoundToTenants(t *testing.T) {
	alice := as(t.Context(), identity{known: true, tenant: "alice"})
	b := binder{newTenants(10)}
	var seen []*pb.Job
	unary := b.WrapUnary(func(_ context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		seen = jobsOf(r.Any())
		return nil, nil
	})
	call := func(ctx context.Context, asked ...string) error {
		m := &pb.SubmitManyRequest{}
		for _, name := range asked {
			m.Jobs = append(m.Jobs, &pb.Job{Tenant: name})
		}
		seen = nil
		_, err := unary(ctx, connect.NewRequest(m))
		return err
	}
	require.NoError(t, call(alice, "", "alice", ""))
	for _, j := range seen {
		require.Equal(t, "alice", j.GetTenant())
	}
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(call(alice, "alice", "bob")))
	require.Nil(t, seen, "none of them is run")
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(call(t.Context(), "")), "no guard has seen it")

	stream := b.WrapStreamingHandler(func(_ context.Context, conn connect.StreamingHandlerConn) error {
		m := &pb.SubmitStreamRequest{}
		if err := conn.Receive(m); err != nil {
			return err
		}
		seen = m.GetJobs()
		return nil
	})
	require.NoError(t, stream(alice, sends("", "alice")))
	require.Equal(t, "alice", seen[0].GetTenant())
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(stream(alice, sends("alice", "bob"))))
}

// sender is a connection that sends jobs for some tenants.
type sender struct {
	connect.StreamingHandlerConn
	tenants []string
}

func sends(tenants ...string) connect.StreamingHandlerConn { return sender{tenants: tenants} }

func (s sender) Receive(m any) error {
	for _, name := range s.tenants {
		m.(*pb.SubmitStreamRequest).Jobs = append(m.(*pb.SubmitStreamRequest).Jobs, &pb.Job{Tenant: name})
	}
	return nil
}

// Whatever message has jobs must be known to jobsOf, but for those that are only
// asked about.
func TestEveryMessageWithJobsIsKnown(t *testing.T) {
	known := map[protoreflect.FullName]bool{
		"metallic.v1.SubmitRequest": true, "metallic.v1.SubmitManyRequest": true, "metallic.v1.SubmitStreamRequest": true,
		"metallic.v1.ExplainRequest": true,
	}
	found := 0
	protoregistry.GlobalTypes.RangeMessages(func(m protoreflect.MessageType) bool {
		fields := m.Descriptor().Fields()
		for i := range fields.Len() {
			if of := fields.Get(i).Message(); of != nil && of.FullName() == "metallic.v1.Job" {
				found++
				require.True(t, known[m.Descriptor().FullName()], "%s", m.Descriptor().FullName())
			}
		}
		return true
	})
	require.Equal(t, len(known), found)
}

func TestNamesOfTenantsAreBounded(t *testing.T) {
	anybody, names := as(t.Context(), identity{}), newTenants(3)
	for i := range 3 {
		_, err := names.of(anybody, fmt.Sprint(i))
		require.NoError(t, err)
	}
	_, err := names.of(anybody, "3")
	require.ErrorIs(t, err, job.ErrQueueFull)
	_, err = names.of(anybody, "2")
	require.NoError(t, err)
	_, err = names.of(anybody, strings.Repeat("x", maxTenantBytes+1))
	require.ErrorIs(t, err, job.ErrInvalid)
}
