package rpc_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// identified is a server's Config where a header says who calls.
func identified() server.Config {
	return server.Config{Tenant: func(ctx context.Context, asked string) (string, error) {
		who, _ := ctx.Value(whoKey{}).(string)
		if who == "" || asked != "" && asked != who {
			return "", fmt.Errorf("%w: %q is not %q", job.ErrForbidden, who, asked)
		}
		return who, nil
	}}
}

type whoKey struct{}

// knowing puts the name in the header into the context, as a guard would.
func knowing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), whoKey{}, r.Header.Get("Who"))))
	})
}

func calledBy(who string) rpc.Config { return rpc.Config{Header: http.Header{"Who": {who}}} }

// Whatever way a job comes, it is its sender's.
func TestTenantsOfEveryCall(t *testing.T) {
	r := startRig(t, rigConfig{server: identified(), wrap: knowing})
	alice := r.dial(calledBy("alice"))
	asking := func(tenant string) *pb.Job {
		j := dot(1)
		j.Tenant = tenant
		return j
	}
	for name, call := range map[string]func(tenant string) error{
		"unary": func(tenant string) error {
			_, err := alice.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Session: "unary " + tenant + someone, Job: asking(tenant)}))
			return err
		},
		"many": func(tenant string) error {
			m, err := alice.Jobs.SubmitMany(t.Context(), connect.NewRequest(&pb.SubmitManyRequest{
				Session: "many " + tenant + someone, Jobs: []*pb.Job{asking(tenant)},
			}))
			if err == nil && m.Msg.GetResults()[0].GetError().GetReason() == pb.Reason_REASON_FORBIDDEN {
				return connect.NewError(connect.CodePermissionDenied, nil)
			}
			return err
		},
		"stream": func(tenant string) error {
			s := alice.Jobs.SubmitStream(t.Context())
			require.NoError(t, s.Send(&pb.SubmitStreamRequest{Hello: &pb.Hello{}, Jobs: []*pb.Job{asking(tenant)}}))
			require.NoError(t, s.CloseRequest())
			for {
				m, err := s.Receive()
				require.NoError(t, err)
				if len(m.GetResults()) == 0 {
					continue
				}
				if m.GetResults()[0].GetError().GetReason() == pb.Reason_REASON_FORBIDDEN {
					return connect.NewError(connect.CodePermissionDenied, nil)
				}
				require.Nil(t, m.GetResults()[0].GetError())
				return nil
			}
		},
	} {
		require.NoError(t, call(""), name)
		require.NoError(t, call("alice"), name)
		require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(call("bob")), name)
	}
	tenants := r.scheduler.Tenants()
	require.Len(t, tenants, 1)
	require.Equal(t, "alice", tenants[0].Name)
	require.Equal(t, int64(6), tenants[0].Audit.Done)
}

// upload sends floats for a session or a name.
func upload(t *testing.T, c *rpc.Client, session, name string, list []float32) (*pb.Operand, error) {
	sum := sha256.Sum256(raw(list))
	s := c.Operands.Load(t.Context())
	h := &pb.LoadHeader{Session: session, Name: name, Content: &pb.Content{Dims: []int64{int64(len(list))}, Sha256: sum[:]}}
	if err := s.Send(&pb.LoadRequest{Header: h, Data: raw(list)}); err != nil {
		require.ErrorIs(t, err, io.EOF) // it was refused already
	}
	m, err := s.CloseAndReceive()
	if err != nil {
		return nil, wire.Failed(err, time.Now())
	}
	return m.Msg.GetOperand(), nil
}

func unname(t *testing.T, c *rpc.Client, name string) error {
	_, err := c.Operands.Release(t.Context(), connect.NewRequest(&pb.ReleaseRequest{Name: name}))
	return wire.Failed(err, time.Now())
}

// Names are for everybody to use, and for their owners and admins to take away.
func TestNamesBelongToTenants(t *testing.T) {
	cfg := identified()
	cfg.Admin = func(ctx context.Context) bool { return ctx.Value(whoKey{}) == "ops" }
	r := startRig(t, rigConfig{server: cfg, wrap: knowing})
	alice, bob, ops := r.dial(calledBy("alice")), r.dial(calledBy("bob")), r.dial(calledBy("ops"))
	_, err := upload(t, alice, "", "w", []float32{1, 2})
	require.NoError(t, err)
	_, err = upload(t, bob, "", "w", []float32{3, 4})
	require.ErrorContains(t, err, "a name that is free")
	_, err = upload(t, bob, "", "w", []float32{1, 2})
	require.NoError(t, err, "it is what is there")
	require.ErrorIs(t, unname(t, bob, "w"), job.ErrForbidden)
	used := &pb.Job{Work: &pb.Job_Softmax{Softmax: &pb.Softmax{X: &pb.Tensor{Memory: &pb.Tensor_Name{Name: "w"}}}}}
	_, err = bob.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Job: used}))
	require.NoError(t, err, "anybody may use it")
	require.NoError(t, unname(t, alice, "w"))
	_, err = upload(t, bob, "", "w", []float32{3, 4})
	require.NoError(t, err)
	require.NoError(t, unname(t, ops, "w"), "an admin may")
	require.ErrorIs(t, unname(t, bob, "w"), job.ErrReleased)
}

// Who knows the name of another tenant's session gets nothing by it.
func TestSessionsBelongToTenants(t *testing.T) {
	cfg := identified()
	cfg.Admin = func(context.Context) bool { return false }
	r := startRig(t, rigConfig{server: cfg, wrap: knowing})
	alice, bob := r.dial(calledBy("alice")), r.dial(calledBy("bob"))
	o, err := upload(t, alice, someone, "", []float32{1, 2})
	require.NoError(t, err)
	_, err = upload(t, bob, someone, "", []float32{1, 2})
	require.ErrorIs(t, err, job.ErrForbidden)
	_, err = bob.Operands.Release(t.Context(), connect.NewRequest(&pb.ReleaseRequest{Session: someone, Operand: o.GetId()}))
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	_, err = bob.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Session: someone, Job: dot(1)}))
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	s := bob.Jobs.SubmitStream(t.Context())
	require.NoError(t, s.Send(&pb.SubmitStreamRequest{Hello: &pb.Hello{Session: someone}}))
	_, err = s.Receive()
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err))
	// Nor does he learn its operand's hash, by which he could get hold of it.
	for c, want := range map[*rpc.Client]int{alice: 1, bob: 0} {
		m, err := c.Operands.List(t.Context(), connect.NewRequest(&pb.ListRequest{}))
		require.NoError(t, err)
		require.Len(t, m.Msg.GetOperands(), want)
	}
}

func TestSessionsOfATenantAreBounded(t *testing.T) {
	cfg := identified()
	cfg.Limits.Sessions = 8 // half of it a tenant, whose client has one
	r := startRig(t, rigConfig{server: cfg, wrap: knowing})
	alice, bob := r.dial(calledBy("alice")), r.dial(calledBy("bob"))
	enter := func(c *rpc.Client, n int) error {
		_, err := c.Jobs.Submit(t.Context(), connect.NewRequest(&pb.SubmitRequest{Session: fmt.Sprint(someone, n), Job: dot(1)}))
		return wire.Failed(err, time.Now())
	}
	for n := range 3 {
		require.NoError(t, enter(alice, n))
	}
	var full *job.QueueFullError
	require.ErrorAs(t, enter(alice, 3), &full)
	require.Equal(t, "sessions of the tenant", full.Limit)
	require.NoError(t, enter(bob, 4))
}

// What a tenant holds of operands and uploads has a bound of its own; equal
// content counts for everybody who holds it, once.
func TestOperandBytesOfTenants(t *testing.T) {
	cfg := identified()
	cfg.Limits.TenantOperandBytes = 16 << 10
	r := startRig(t, rigConfig{server: cfg, wrap: knowing})
	alice, bob := r.dial(calledBy("alice")), r.dial(calledBy("bob"))
	big, other := numbers(2048, 1), numbers(2048, 2) // 8 KiB each
	o, err := upload(t, alice, someone, "", big)
	require.NoError(t, err)
	m, err := alice.Operands.FindOperand(t.Context(), connect.NewRequest(&pb.FindOperandRequest{Name: "w", Content: o.GetContent()}))
	require.NoError(t, err, "a second hold of the same")
	require.Equal(t, o.GetId(), m.Msg.GetOperand().GetId())
	refused := func(c *rpc.Client) {
		t.Helper()
		_, err := upload(t, c, "", "v", other)
		var full *job.QueueFullError
		require.ErrorAs(t, err, &full)
		require.Equal(t, "bytes of operands and uploads of the tenant", full.Limit)
		require.Equal(t, int64(16<<10), full.Max)
		require.NotEmpty(t, full.Tenant)
	}
	refused(alice)
	_, err = upload(t, bob, "", "v", other)
	require.NoError(t, err, "others have their own")
	require.NoError(t, unname(t, bob, "v"))

	require.NoError(t, unname(t, alice, "w"))
	refused(alice) // the session still holds it
	_, err = alice.Operands.Release(t.Context(), connect.NewRequest(&pb.ReleaseRequest{Session: someone, Operand: o.GetId()}))
	require.NoError(t, err)

	// Uploads that are not complete count as well.
	sum := sha256.Sum256(raw(big))
	ctx, breaks := context.WithCancel(t.Context())
	s := alice.Operands.Load(ctx)
	require.NoError(t, s.Send(&pb.LoadRequest{
		Header: &pb.LoadHeader{Session: someone, Content: &pb.Content{Dims: []int64{2048}, Sha256: sum[:]}}, Data: raw(big)[:8000],
	}))
	waitFor(t, func() bool { return partial(t, alice) == 8000 })
	refused(alice)
	breaks()
	find := func(c *rpc.Client) int64 {
		m, err := c.Operands.FindOperand(t.Context(), connect.NewRequest(&pb.FindOperandRequest{
			Session: fmt.Sprintf("session of %p", c), Content: &pb.Content{Dims: []int64{2048}, Sha256: sum[:]},
		}))
		require.NoError(t, err)
		return m.Msg.GetOffset()
	}
	waitFor(t, func() bool { return find(alice) == 8000 })
	require.Zero(t, find(bob), "nobody goes on with another's upload")
	refused(alice)
}
