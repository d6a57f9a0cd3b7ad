package rpc_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/server"
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
