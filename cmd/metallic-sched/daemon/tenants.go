package daemon

import (
	"context"
	"fmt"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// tenants binds jobs to identities, and bounds how many names of tenants callers
// can make up: the scheduler keeps an account of each.
type tenants struct {
	most int

	mu    sync.Mutex
	names map[string]struct{}
}

const (
	maxTenants     = 10_000
	maxTenantBytes = 128
)

func newTenants(most int) *tenants { return &tenants{most: most, names: map[string]struct{}{}} }

// of is Tenant, with names bounded.
func (t *tenants) of(ctx context.Context, asked string) (string, error) {
	name, err := Tenant(ctx, asked)
	if err != nil {
		return "", err
	}
	return name, t.admit(name)
}

func (t *tenants) admit(name string) error {
	if len(name) > maxTenantBytes {
		return &job.InvalidError{
			Field: "tenant", Got: fmt.Sprintf("%d bytes", len(name)), Allowed: fmt.Sprintf("up to %d bytes", maxTenantBytes),
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.names[name]; ok {
		return nil
	}
	if len(t.names) >= t.most {
		return &job.QueueFullError{Limit: "tenants", Tenant: name, InUse: int64(len(t.names)), Max: int64(t.most), Excess: 1}
	}
	t.names[name] = struct{}{}
	return nil
}

// bind is an interceptor that sees to it that every job is for a tenant that its
// sender may act for.
func (t *tenants) bind() connect.Interceptor { return binder{t} }

type binder struct{ tenants *tenants }

// WrapUnary implements connect.Interceptor.
func (b binder) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		last := bound{tenants: b.tenants}
		if err := last.bind(ctx, jobsOf(r.Any())); err != nil {
			return nil, err
		}
		return next(ctx, r)
	}
}

// WrapStreamingClient implements connect.Interceptor.
func (binder) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

// WrapStreamingHandler implements connect.Interceptor.
func (b binder) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		return next(ctx, &boundConn{conn, ctx, bound{tenants: b.tenants}})
	}
}

type boundConn struct {
	connect.StreamingHandlerConn
	ctx   context.Context // the call's, which has the identity
	bound bound
}

// Receive implements connect.StreamingHandlerConn.
func (c *boundConn) Receive(m any) error {
	if err := c.StreamingHandlerConn.Receive(m); err != nil {
		return err
	}
	return c.bound.bind(c.ctx, jobsOf(m))
}

// jobsOf returns the jobs of a message that says what to run.
func jobsOf(m any) []*pb.Job {
	switch m := m.(type) {
	case *pb.SubmitRequest:
		return []*pb.Job{m.GetJob()}
	case *pb.SubmitManyRequest:
		return m.GetJobs()
	case *pb.SubmitStreamRequest:
		return m.GetJobs()
	}
	return nil
}

// bound remembers the last answer: most jobs of a stream are for one tenant.
type bound struct {
	tenants     *tenants
	known       bool
	asked, name string
}

func (b *bound) bind(ctx context.Context, jobs []*pb.Job) (err error) {
	for _, j := range jobs {
		if j == nil {
			continue // the API says what it thinks of that
		}
		if !b.known || b.asked != j.GetTenant() {
			b.asked = j.GetTenant()
			if b.name, err = b.tenants.of(ctx, b.asked); err != nil {
				return wire.Fail(err, time.Now())
			}
			b.known = true
		}
		j.Tenant = b.name
	}
	return nil
}
