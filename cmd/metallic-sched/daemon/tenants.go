package daemon

import (
	"context"
	"fmt"
	"sync"

	"github.com/metallic-sched/metallic-sched/scheduler/rpc/wire"
)

// tenants bounds how many names of tenants callers can make up: the scheduler
// keeps an account of each, for good. Names of tokens and certificates are vouched
// for by who runs the daemon: they take no room, and need none.
type tenants struct {
	most int

	mu     sync.Mutex
	madeUp map[string]struct{}
}

const (
	maxTenants     = 10_000
	maxTenantBytes = 128
)

func newTenants(most int) *tenants { return &tenants{most: most, madeUp: map[string]struct{}{}} }

// of is Tenant, with names bounded. The API asks it of every job.
func (t *tenants) of(ctx context.Context, asked string) (string, error) {
	name, err := Tenant(ctx, asked)
	switch {
	case err != nil:
		return "", err
	case len(name) > maxTenantBytes:
		return "", wire.Invalid("tenant", fmt.Sprintf("up to %d bytes", maxTenantBytes), "%d bytes", len(name))
	case name == "" || identityOf(ctx).known:
		return name, nil
	}
	return name, t.admit(name)
}

// admit takes a made-up name. There is no sense in trying again later.
func (t *tenants) admit(name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, ok := t.madeUp[name]; !ok && len(t.madeUp) >= t.most {
		return wire.Invalid("tenant", "none, one that callers without a token or certificate used before, or to show one of these",
			"%q, another name after the %d that callers can make up", name, t.most)
	}
	t.madeUp[name] = struct{}{}
	return nil
}
