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
	names := newTenants(10)
	b := binder{names}
	var seen []*pb.Job
	unary := b.WrapUnary(func(_ context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		seen = jobsOf(r.Any())
		return nil, nil
	})
	stream := b.WrapStreamingHandler(func(_ context.Context, conn connect.StreamingHandlerConn) error {
		m := &pb.SubmitStreamRequest{}
		err := conn.Receive(m)
		seen = m.GetJobs()
		return err
	})
	for name, call := range map[string]func(ctx context.Context, asked ...string) error{
		"unary": func(ctx context.Context, asked ...string) error {
			m := &pb.SubmitManyRequest{}
			for _, name := range asked {
				m.Jobs = append(m.Jobs, &pb.Job{Tenant: name})
			}
			_, err := unary(ctx, connect.NewRequest(m))
			return err
		},
		"stream": func(ctx context.Context, asked ...string) error { return stream(ctx, sends(asked...)) },
	} {
		require.NoError(t, call(alice, "", "bob", "alice", "", "\x00"), name)
		for i, want := range []string{"alice", "refused", "alice", "alice", "refused"} {
			tenant, err := names.resolve(t.Context(), seen[i].GetTenant())
			if want == "refused" {
				require.ErrorIs(t, err, job.ErrForbidden, name)
				require.ErrorContains(t, err, `allowed: "alice"`, name)
			} else {
				require.NoError(t, err, name)
				require.Equal(t, want, tenant, name)
			}
		}
		require.NoError(t, call(t.Context(), "bob"), name)
		_, err := names.resolve(t.Context(), seen[0].GetTenant())
		require.ErrorIs(t, err, job.ErrForbidden, "no guard has seen it")
	}
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
	_, err = names.resolve(anybody, names.bound(anybody, "3"))
	var full *job.QueueFullError
	require.ErrorAs(t, err, &full)
	require.Equal(t, "tenants", full.Limit)
	_, err = names.of(anybody, strings.Repeat("x", maxTenantBytes+1))
	require.ErrorIs(t, err, job.ErrInvalid)
}
