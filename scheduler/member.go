package scheduler

import (
	"time"

	"github.com/metallic-sched/metallic-sched/actors"
	"github.com/metallic-sched/metallic-sched/kernels"
	"github.com/metallic-sched/metallic-sched/metrics"
	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// Common is what schedulers on several devices that serve together have in
// common; package fleet makes one.
type Common struct {
	// Ledger is that of all together, with the limits of all. Each scheduler's is
	// a part of it.
	Ledger *job.Ledger
	// Counters expose what all count, what is one device's labelled with it.
	Counters *metrics.Counters

	turn chan struct{} // see waitForAll
}

// NewCommon returns what schedulers with a Config have in common, whose Limits
// hold for all together.
func NewCommon(cfg Config) *Common {
	c := &Common{Ledger: job.NewLedger(cfg.withDefaults().Limits), Counters: metrics.NewCounters(), turn: newTurn()}
	exposeJobs(c.Counters, c.Ledger)
	return c
}

// Tenants returns every tenant that has submitted a job to any, by name.
func (c *Common) Tenants() []Tenant { return tenantsOf(c.Ledger) }

func newTurn() chan struct{} {
	turn := make(chan struct{}, 1)
	turn <- struct{}{}
	return turn
}

// Member is a scheduler's place among others.
type Member struct {
	*Common
	// Device is what the device is called in records and metrics, such as cuda:1.
	Device string
	// Refuge takes over jobs that wait, or come, when the device was given up and
	// on which nothing was done: it must have each moved or failed, and not block.
	// Nil: they fail.
	Refuge func(jobs []Stranded, cause error)
}

// ledger returns where jobs are booked.
func (c *Config) ledger() *job.Ledger {
	if c.Member == nil {
		return job.NewLedger(c.Limits)
	}
	return c.Member.Ledger.Part()
}

// deviceName returns what a device of some kind is called.
func (c *Config) deviceName(backend string) string {
	if c.Member == nil {
		return backend
	}
	return c.Member.Device
}

// Up reports whether the device takes work: false while it is restarted, and
// when it was given up.
func (s *Scheduler) Up() bool { return s.engine.Health() == actors.Up }

// Lost reports whether the device was given up: every job fails from now on,
// with job.ErrUnavailable.
func (s *Scheduler) Lost() bool { return s.engine.Health() == actors.Down }

// InFlight returns how many jobs were accepted and have not ended.
func (s *Scheduler) InFlight() int64 { return s.ledger.InFlight() }

// Predict returns how long the device would take for that many jobs like one
// that share an operand, by what batches have taken; only a Member learns from
// those. The error says why there is no kernel for it.
func (s *Scheduler) Predict(p kernels.Problem, jobs int) (time.Duration, error) {
	plan, err := s.home.Load().plans.Plan(p)
	if err != nil {
		return 0, err
	}
	return s.forecast.predict(plan, jobs), nil
}
