package scheduler

import (
	"cmp"
	"io"
	"slices"

	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// WritePrometheus writes counters and histograms in the Prometheus text
// format. Of tenants the ExposedTenants that used most of the device have
// series of their own; all others are together in the tenant "other".
func (s *Scheduler) WritePrometheus(w io.Writer) { s.counters.WritePrometheus(w) }

// Totals returns the batches that ended so far, by kernel and by why they were
// closed.
func (s *Scheduler) Totals() []metrics.Total { return s.counters.Totals() }

// ExposedTenants is how many tenants WritePrometheus tells apart.
const ExposedTenants = 20

// expose publishes what is counted elsewhere.
func (s *Scheduler) expose() {
	if s.cfg.Member == nil {
		exposeJobs(s.counters, s.ledger)
	}
	show := s.counters.Func
	show("jobs_quarantined_total", "Jobs refused because others like them had failed.",
		func() float64 { return float64(s.quarantine.Refused()) })
	show("quarantined_fingerprints", "Kinds of jobs that are refused at the moment.",
		func() float64 { return float64(s.quarantine.Held(s.engine.Now())) })
	show("jobs_waiting", "Jobs that wait for a batch.", func() float64 { return float64(s.engine.Waiting()) })
	show("device_hangs_total", "Batches and loads that the device did not end in time.", func() float64 { return float64(s.engine.Hangs()) })
	show("device_restarts_total", "Times that the device was given a new queue or opened again.",
		func() float64 { return float64(s.engine.Restarts()) })
	show("kernel_cache_hits_total", "Kernels that were compiled already.", func() float64 { return float64(s.KernelCache().Hits) })
	show("kernel_cache_misses_total", "Kernels that had to be compiled.", func() float64 { return float64(s.KernelCache().Misses) })
	show("kernel_compile_seconds_total", "Time spent compiling kernels.", func() float64 { return s.KernelCache().CompileTime.Seconds() })
}

// exposeJobs publishes what a ledger holds.
func exposeJobs(c *metrics.Counters, l *job.Ledger) {
	exposeTenants(c, l)
	show := func(name, help string, f func(job.Audit) int64) {
		c.Func(name, help, func() float64 { return float64(f(l.Audit())) })
	}
	const ends = "Jobs that ended or were refused, by how."
	show("jobs_submitted_total", "Jobs that came to the scheduler, those that it refused included.", func(a job.Audit) int64 { return a.Submitted })
	show(`jobs_total{outcome="done"}`, ends, func(a job.Audit) int64 { return a.Done })
	show(`jobs_total{outcome="failed"}`, ends, func(a job.Audit) int64 { return a.Failed })
	show(`jobs_total{outcome="cancelled"}`, ends, func(a job.Audit) int64 { return a.Cancelled })
	show(`jobs_total{outcome="expired"}`, ends, func(a job.Audit) int64 { return a.Expired })
	show(`jobs_total{outcome="rejected"}`, ends, func(a job.Audit) int64 { return a.Rejected })
	show("jobs_in_flight", "Jobs that were accepted and have not ended.", func(a job.Audit) int64 { return a.InFlight })
	show("bytes_in_flight", "Memory of the activations and results of jobs in flight.", func(a job.Audit) int64 { return a.Bytes })
}

func exposeTenants(c *metrics.Counters, l *job.Ledger) {
	show := func(name, help string, f func(Tenant) float64) {
		c.List(name, help, "tenant", func() (values []metrics.Value) {
			for _, t := range fold(tenantsOf(l), ExposedTenants) {
				values = append(values, metrics.Value{Label: t.Name, Value: f(t)})
			}
			return values
		})
	}
	show("tenant_device_seconds_total", "Device time used, by tenant; those that used least are together in other.",
		func(t Tenant) float64 { return t.DeviceTime.Seconds() })
	show("tenant_jobs_done_total", "Jobs that were done, by tenant.", func(t Tenant) float64 { return float64(t.Audit.Done) })
	show("tenant_jobs_rejected_total", "Jobs that were refused, by tenant.", func(t Tenant) float64 { return float64(t.Audit.Rejected) })
	show("tenant_jobs_in_flight", "Jobs in flight, by tenant.", func(t Tenant) float64 { return float64(t.Audit.InFlight) })
}

// fold keeps the most tenants that used most of the device and sums up the rest
// as the last one, whose name is other.
func fold(all []Tenant, most int) []Tenant {
	slices.SortFunc(all, func(a, b Tenant) int {
		return cmp.Or(cmp.Compare(b.DeviceTime, a.DeviceTime), cmp.Compare(b.Audit.Submitted, a.Audit.Submitted), cmp.Compare(a.Name, b.Name))
	})
	var kept []Tenant
	other := Tenant{Name: "other"}
	for _, t := range all {
		if len(kept) < most && t.Name != other.Name {
			kept = append(kept, t)
			continue
		}
		other.DeviceTime += t.DeviceTime
		other.Audit.Done += t.Audit.Done
		other.Audit.Rejected += t.Audit.Rejected
		other.Audit.InFlight += t.Audit.InFlight
		other.Audit.Submitted += t.Audit.Submitted
	}
	if other.Audit.Submitted > 0 {
		kept = append(kept, other)
	}
	return kept
}
