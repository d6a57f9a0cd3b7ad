package scheduler

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
	"github.com/metallic-sched/metallic-sched/scheduler/policy"
)

// hint adds to the error of a job that met a limit when to try again.
func (s *Scheduler) hint(err error) error {
	var full *job.QueueFullError
	if errors.As(err, &full) {
		full.Rate = s.ledger.Account(full.Tenant).Lately(full.Limit, s.engine.Now())
		full.RetryAfter = policy.RetryAfter(full.Excess, full.Rate)
	}
	return err
}
