package loadtest

import (
	"errors"

	"github.com/metallic-sched/metallic-sched/scheduler/job"
)

// outcomeOf counts how a job ended, in view of whether it was cancelled
// or made malformed on purpose.
func outcomeOf(err error, cancelled, malformed bool) (o Outcomes) {
	switch {
	case err == nil:
		o.Done = 1
	case errors.Is(err, job.ErrInvalid) && malformed:
		o.Malformed = 1
	case errors.Is(err, job.ErrCancelled) && cancelled:
		o.Cancelled = 1
	case errors.Is(err, job.ErrExpired):
		o.Expired = 1
	case errors.Is(err, job.ErrQueueFull):
		o.Full = 1
	case errors.Is(err, job.ErrInvalid), errors.Is(err, job.ErrClosed),
		errors.Is(err, job.ErrReleased), errors.Is(err, job.ErrQuarantined):
		o.Refused = 1
	default:
		o.Failed = 1
	}
	return o
}
