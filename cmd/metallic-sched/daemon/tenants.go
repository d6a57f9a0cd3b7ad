package daemon

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"connectrpc.com/connect"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	pb "github.com/metallic-sched/metallic-sched/scheduler/rpc/metallicv1"
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

// bind is an interceptor that puts into every job the tenant that it is for, or
// why it is for none. The API asks once more, job by job, by what resolve says:
// in a stream it no longer knows who sent a job.
func (t *tenants) bind() connect.Interceptor { return binder{t} }

// refused begins what is put in the place of a tenant. No tenant begins so.
const refused = "\x00"

// resolve is what the API asks about a tenant that bind has put in.
func (t *tenants) resolve(_ context.Context, bound string) (string, error) {
	text, isRefused := strings.CutPrefix(bound, refused)
	switch {
	case !isRefused:
		return bound, nil
	case strings.HasPrefix(text, refused):
		return "", &job.QueueFullError{Limit: "tenants", Tenant: text[len(refused):], InUse: int64(t.most), Max: int64(t.most), Excess: 1}
	}
	return "", fmt.Errorf("%w: %s", job.ErrForbidden, text)
}

// bound returns what to put into a job that asks for a tenant.
func (t *tenants) bound(ctx context.Context, asked string) string {
	name, err := t.of(ctx, asked)
	var full *job.QueueFullError
	switch {
	case errors.As(err, &full):
		return refused + refused + name
	case err != nil:
		return refused + err.Error()
	}
	return name
}

type binder struct{ tenants *tenants }

// WrapUnary implements connect.Interceptor.
func (b binder) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		last := latest{tenants: b.tenants}
		last.bind(ctx, jobsOf(r.Any()))
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
		return next(ctx, &boundConn{conn, ctx, latest{tenants: b.tenants}})
	}
}

type boundConn struct {
	connect.StreamingHandlerConn
	ctx  context.Context // the call's, which has the identity
	last latest
}

// Receive implements connect.StreamingHandlerConn.
func (c *boundConn) Receive(m any) error {
	if err := c.StreamingHandlerConn.Receive(m); err != nil {
		return err
	}
	c.last.bind(c.ctx, jobsOf(m))
	return nil
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

// latest remembers the last answer: most jobs of a stream are for one tenant.
type latest struct {
	tenants      *tenants
	known        bool
	asked, bound string
}

func (l *latest) bind(ctx context.Context, jobs []*pb.Job) {
	for _, j := range jobs {
		if j == nil {
			continue // the API says what it thinks of that
		}
		if !l.known || l.asked != j.GetTenant() {
			l.known, l.asked = true, j.GetTenant()
			l.bound = l.tenants.bound(ctx, l.asked)
		}
		j.Tenant = l.bound
	}
}
