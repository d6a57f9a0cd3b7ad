package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// caller is who makes a call.
type caller struct {
	tenant string
	admin  bool
}

// caller returns who makes the call of a context.
func (s *Server) caller(ctx context.Context) (caller, error) {
	tenant, err := s.cfg.Tenant(ctx, "")
	return caller{tenant, s.cfg.Admin(ctx)}, err
}

// enter returns the caller's session of a name. sessions.leave must follow.
func (s *Server) enter(ctx context.Context, name string) (x *session, fresh bool, err error) {
	who, err := s.caller(ctx)
	if err != nil {
		return nil, false, err
	}
	return s.sessions.enter(name, who.tenant)
}

// errNotYours is for what belongs to another tenant.
func errNotYours(what, allowed string) error {
	return fmt.Errorf("%w: %s is another tenant's; allowed: %s", job.ErrForbidden, what, allowed)
}

// ended returns the error of a call whose context has ended, which may be for the
// caller is no longer welcome.
func (s *Server) ended(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, job.ErrForbidden) {
		return s.fail(cause)
	}
	return ctx.Err()
}
