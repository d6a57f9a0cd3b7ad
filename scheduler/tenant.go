package scheduler

import (
	"time"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Tenant is what became of a tenant's jobs.
type Tenant struct {
	Name       string
	Audit      job.Audit
	DeviceTime time.Duration
}

// Tenants returns every tenant that has submitted a job, by name.
func (s *Scheduler) Tenants() (all []Tenant) { return tenantsOf(s.ledger) }

func tenantsOf(l *job.Ledger) (all []Tenant) {
	for _, a := range l.Accounts() {
		if audit := a.Audit(); audit.Submitted > 0 {
			all = append(all, Tenant{a.Tenant, audit, a.Used()})
		}
	}
	return all
}
