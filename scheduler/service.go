package scheduler

import (
	"context"
	"io"

	"github.com/metallic-sched/metallic-sched/device"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// Service is what a Scheduler and a fleet of them both are. What each method
// promises stands at *Scheduler.
type Service interface {
	job.Doer
	// SubmitEach hands over what was accepted when it waits or returns: told must wait
	// for none of it.
	SubmitEach(ctx context.Context, each []Each, told func(i int))
	Explain(j job.Job) (plan *kernels.Plan, orientation string, err error)
	Info() device.Info
	// Lost reports that no device is left: every job fails from now on, with
	// job.ErrUnavailable.
	Lost() bool
	Audit() job.Audit
	TenantAudit(tenant string) job.Audit
	Tenants() []Tenant
	Prefs() policy.Prefs
	Retune(prefs policy.Prefs) error
	WritePrometheus(w io.Writer)
}

var _ Service = (*Scheduler)(nil)
