package daemon

import (
	"context"
	"fmt"
	"sync"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// tenants bounds how many names of tenants callers can make up: the scheduler
// keeps an account of each.
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

// of is Tenant, with names bounded. The API asks it of every job.
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
